package dev.flopmeter.live;

import dev.flopmeter.count.Cost;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.ModelException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;

/**
 * Costs per distinct set of input shapes, counted on first use and kept for a bounded number of
 * them; the oldest is dropped first. Invalid shapes are also kept, so that they are not tried again
 * at each call. Reading never waits; the thread that first uses the shapes counts.
 */
final class ShapeCosts implements CallCosts {
  /** The count of a call, and the inferences in it. */
  record Counted(Counts counts, long batch) {}

  /** The cost of a call, or why it was not counted. */
  record Entry(Cost cost, double bytes, long batch, String fault) {}

  private final Function<InputShapes, Counted> counter;
  private final int limit;
  private final String precision;
  private final ConcurrentHashMap<InputShapes, Entry> known = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<InputShapes> order = new ConcurrentLinkedQueue<>();
  private volatile Cost shown = Cost.ZERO;

  ShapeCosts(Function<InputShapes, Counted> counter, int limit, String precision) {
    this.counter = counter;
    this.precision = precision;
    this.limit = limit;
  }

  /** The cost of the newest shapes; zero before any. */
  @Override
  public Cost shown() {
    return shown;
  }

  @Override
  public String batchLabel() {
    return "dynamic";
  }

  /**
   * @throws IllegalArgumentException if the model cannot take the shapes
   */
  Entry of(InputShapes shapes) {
    Entry entry = known.get(shapes);
    if (entry == null) {
      entry = count(shapes);
      if (known.putIfAbsent(shapes, entry) == null) {
        order.add(shapes);
        while (known.size() > limit) {
          InputShapes oldest = order.poll();
          if (oldest == null) {
            break;
          }
          known.remove(oldest);
        }
      }
    }
    if (!entry.fault().isEmpty()) {
      throw new IllegalArgumentException(
          "the model cannot take the shapes " + shapes + ": " + entry.fault());
    }
    return entry;
  }

  private Entry count(InputShapes shapes) {
    try {
      Counted counted = counter.apply(shapes);
      Counts counts = counted.counts();
      shown = counts.totals();
      double bytes = PrecisionBytes.bytes(counts, precision);
      return new Entry(counts.totals(), bytes, counted.batch(), "");
    } catch (ModelException e) {
      return new Entry(Cost.ZERO, 0, 0, String.valueOf(e.getMessage()));
    }
  }
}
