package dev.flopmeter.run.trace;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.trace.TorchTrace.Kernel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A trace of PyTorch cut into passes. The trace does not mark them: its products repeat, and the
 * model's work determines how many of them are one pass.
 *
 * @param calls what each pass runs, in order
 */
record TorchPasses(List<Call> calls, List<Double> passSeconds) {

  /**
   * One operator of a pass.
   *
   * @param macs 0 if unknown
   * @param seconds one per pass
   */
  record Call(String name, boolean isProduct, double macs, List<Double> seconds) {
    private static Call of(TorchOp step, int passes) {
      List<Double> seconds = new ArrayList<>(Collections.nCopies(passes, 0.0));
      return new Call(step.name(), step.isProduct(), step.macs(), seconds);
    }
  }

  /** Where an operator stands: behind how many products, and which of its name there. */
  private record Place(int gap, String name, int occurrence) {}

  /**
   * Cuts a trace.
   *
   * @param steps in order of time
   * @throws ModelException if there is no product among them
   */
  static TorchPasses of(
      List<TorchOp> steps, boolean isGpu, Map<String, Long> macs, List<String> notes) {
    int[] products = places(steps);
    if (products.length == 0) {
      throw new ModelException("holds no convolution or matrix product");
    }
    int period = period(steps, products, macs);
    int count = products.length / period;
    if (products.length % period != 0) {
      notes.add("the last pass of the trace is not complete and was left out");
    }
    int[] bounds = bounds(steps, products, period, count);
    Map<Place, Call> calls = new LinkedHashMap<>();
    List<Double> seconds = new ArrayList<>();
    for (int pass = 0; pass < count; pass++) {
      List<TorchOp> own = steps.subList(bounds[2 * pass], bounds[2 * pass + 1]);
      addTimes(own, isGpu, pass, count, calls);
      seconds.add(span(own, isGpu) / 1e6);
    }
    return new TorchPasses(inOrder(calls, isGpu), seconds);
  }

  /** Adds the times of one pass, of {@code count}, to the calls at the same places. */
  private static void addTimes(
      List<TorchOp> steps, boolean isGpu, int pass, int count, Map<Place, Call> calls) {
    int gap = 0;
    Map<Place, Integer> seen = new HashMap<>();
    for (TorchOp step : steps) {
      gap += step.isProduct() ? 1 : 0;
      Place first = new Place(gap, step.name(), 0);
      Place place = new Place(gap, step.name(), seen.merge(first, 1, Integer::sum));
      List<Double> times = calls.computeIfAbsent(place, any -> Call.of(step, count)).seconds();
      double micros = isGpu ? step.deviceMicros() : step.micros();
      times.set(pass, times.get(pass) + micros / 1e6);
    }
  }

  /** The calls by their places, each product in front of what follows it. */
  private static List<Call> inOrder(Map<Place, Call> calls, boolean isGpu) {
    return calls.entrySet().stream()
        .filter(one -> !isGpu || one.getValue().seconds().stream().anyMatch(time -> time > 0))
        .sorted(
            Comparator.comparingInt((Map.Entry<Place, Call> one) -> one.getKey().gap())
                .thenComparingInt(one -> one.getValue().isProduct() ? 0 : 1))
        .map(Map.Entry::getValue)
        .toList();
  }

  private static int[] places(List<TorchOp> steps) {
    return IntStream.range(0, steps.size()).filter(i -> steps.get(i).isProduct()).toArray();
  }

  /** How many products make up a pass: of the periods of their sequence, the one like the model. */
  private static int period(List<TorchOp> steps, int[] products, Map<String, Long> macs) {
    if (Arrays.stream(products).allMatch(i -> steps.get(i).name().equals(TorchOp.CUDA_GRAPH))) {
      return 1; // the network as one graph, launched once a pass
    }
    boolean isKnown = Arrays.stream(products).allMatch(i -> steps.get(i).macs() > 0);
    double wanted =
        isKnown
            ? macs.values().stream().mapToDouble(Long::doubleValue).sum()
            : macs.values().stream().filter(one -> one > 0).count();
    int[] borders = borders(steps, products);
    int best = products.length;
    double least = Double.POSITIVE_INFINITY;
    for (int border = borders[products.length]; border >= 0; border = borders[border]) {
      int period = products.length - border;
      double work = 0;
      for (int i = 0; i < period; i++) {
        work += isKnown ? steps.get(products[i]).macs() : 1;
      }
      if (Math.abs(work - wanted) < least) {
        least = Math.abs(work - wanted);
        best = period;
      }
    }
    return best;
  }

  /** The longest proper border of every prefix, as in Knuth, Morris and Pratt (1977). */
  private static int[] borders(List<TorchOp> steps, int[] products) {
    int[] borders = new int[products.length + 1];
    borders[0] = -1;
    for (int i = 1, border = -1; i <= products.length; i++) {
      while (border >= 0 && !isSame(steps.get(products[border]), steps.get(products[i - 1]))) {
        border = borders[border];
      }
      borders[i] = ++border;
    }
    return borders;
  }

  private static boolean isSame(TorchOp one, TorchOp other) {
    return one.name().equals(other.name()) && one.macs() == other.macs();
  }

  /** First step, and the step behind the last, of every pass. */
  private static int[] bounds(List<TorchOp> steps, int[] products, int period, int count) {
    int[] bounds = new int[2 * count];
    int lastProduct = products[period * count - 1];
    int end = period * count < products.length ? products[period * count] : steps.size();
    int head = products[0];
    int tail = end - lastProduct - 1;
    if (count > 1) {
      int gapStart = products[period - 1] + 1;
      int gap = products[period] - gapStart;
      // Steps that come before the first product as they do before the next pass, and behind it.
      int before =
          alike(steps, products[0] - 1, products[period] - 1, -1, Math.min(gap, products[0]));
      int behind = alike(steps, gapStart, lastProduct + 1, 1, Math.min(gap, tail));
      tail = behind == gap ? gap - before : behind;
      head = Math.min(before, gap - tail);
    }
    for (int pass = 0; pass < count; pass++) {
      bounds[2 * pass] = products[pass * period] - head;
      bounds[2 * pass + 1] = Math.min(end, products[(pass + 1) * period - 1] + 1 + tail);
    }
    return bounds;
  }

  /** How many steps have the same names, from two places on or back. */
  private static int alike(List<TorchOp> steps, int one, int other, int direction, int most) {
    int count = 0;
    while (count < most
        && steps
            .get(one + direction * count)
            .name()
            .equals(steps.get(other + direction * count).name())) {
      count++;
    }
    return count;
  }

  /** From the start of the first step, or kernel, to the end of the last. */
  private static double span(List<TorchOp> steps, boolean isGpu) {
    if (!isGpu) {
      return steps.stream().mapToDouble(TorchOp::end).max().orElse(0) - steps.get(0).start();
    }
    List<Kernel> kernels = steps.stream().flatMap(TorchOp::launched).toList();
    return kernels.stream().mapToDouble(Kernel::end).max().orElse(0)
        - kernels.stream().mapToDouble(Kernel::start).min().orElse(0);
  }
}
