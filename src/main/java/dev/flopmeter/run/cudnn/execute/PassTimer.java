package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.run.cudnn.driver.CapturedGraph;
import dev.flopmeter.run.cudnn.driver.Event;
import dev.flopmeter.run.cudnn.driver.Gpu;
import dev.flopmeter.run.cudnn.driver.ResourceStack;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Times passes over a plan's steps: whole ones by replaying a plain CUDA graph between two events,
 * single steps by a second graph that records an event at each boundary.
 *
 * <p>An event resolves about half a microsecond, so steps below {@link #SHORT_SECONDS} are repeated
 * in that second graph and their time divided. A repeated step finds its data in the cache more
 * often than it does in a pass; that is the price, and why the sum of steps is compared with the
 * whole.
 */
final class PassTimer {
  private static final double SHORT_SECONDS = 20e-6;
  private static final int MOST_REPEATS = 32;
  private static final int PROBES = 3;

  private final Gpu gpu;
  private final ResourceStack resources;
  private final List<Executable> steps;
  private final Event start;
  private final Event end;
  private final List<Event> boundaries = new ArrayList<>();
  private final int[] repeats;
  private @Nullable CapturedGraph plain;
  private @Nullable CapturedGraph timed;

  /**
   * @param resources what this makes is closed with it
   */
  PassTimer(Gpu gpu, ResourceStack resources, List<Executable> steps) {
    this.gpu = gpu;
    this.resources = resources;
    this.steps = steps;
    repeats = new int[steps.size()];
    Arrays.fill(repeats, 1);
    start = resources.add(new Event());
    end = resources.add(new Event());
  }

  /** Runs one pass and waits for it. */
  void pass() {
    plainGraph().launch(gpu.stream());
    gpu.stream().synchronize("the pass");
  }

  double timePass() {
    CapturedGraph graph = plainGraph();
    return between(() -> graph.launch(gpu.stream()));
  }

  double timeEagerPass() {
    return between(this::enqueueAll);
  }

  private double between(Runnable work) {
    start.record(gpu.stream());
    work.run();
    end.record(gpu.stream());
    gpu.stream().synchronize("the pass");
    return end.secondsSince(start);
  }

  /** Host seconds to enqueue all steps: a capture takes them up without running any. */
  double timeEnqueue() {
    double[] seconds = new double[1];
    Runnable work =
        () -> {
          long before = System.nanoTime();
          enqueueAll();
          seconds[0] = (System.nanoTime() - before) / 1e9;
        };
    new CapturedGraph(gpu.stream(), work).close();
    return seconds[0];
  }

  double[] timeSteps() {
    if (timed == null) {
      CapturedGraph once = resources.add(capture());
      double[] shortest = probe(once);
      Arrays.setAll(repeats, step -> repeatsFor(shortest[step]));
      boolean isOnce = Arrays.stream(repeats).allMatch(count -> count == 1);
      timed = isOnce ? once : resources.add(capture());
    }
    return replay(timed);
  }

  private double[] probe(CapturedGraph graph) {
    double[] shortest = new double[steps.size()];
    Arrays.fill(shortest, Double.POSITIVE_INFINITY);
    for (int i = 0; i < PROBES; i++) {
      double[] seconds = replay(graph);
      Arrays.setAll(shortest, step -> Math.min(shortest[step], seconds[step]));
    }
    return shortest;
  }

  /** As often as it takes for a step to last long enough. */
  private static int repeatsFor(double seconds) {
    return (int) Math.min(MOST_REPEATS, Math.ceil(SHORT_SECONDS / Math.max(seconds, 1e-9)));
  }

  private CapturedGraph capture() {
    while (boundaries.size() < steps.size() + 1) {
      boundaries.add(resources.add(new Event()));
    }
    return new CapturedGraph(
        gpu.stream(),
        () -> {
          boundaries.get(0).recordInGraph(gpu.stream());
          for (int i = 0; i < steps.size(); i++) {
            for (int repeat = 0; repeat < repeats[i]; repeat++) {
              steps.get(i).enqueue();
            }
            boundaries.get(i + 1).recordInGraph(gpu.stream());
          }
        });
  }

  private double[] replay(CapturedGraph graph) {
    graph.launch(gpu.stream());
    gpu.stream().synchronize("the pass");
    double[] seconds = new double[steps.size()];
    for (int i = 0; i < seconds.length; i++) {
      seconds[i] = boundaries.get(i + 1).secondsSince(boundaries.get(i)) / repeats[i];
    }
    return seconds;
  }

  private CapturedGraph plainGraph() {
    if (plain == null) {
      plain = resources.add(new CapturedGraph(gpu.stream(), this::enqueueAll));
    }
    return plain;
  }

  private void enqueueAll() {
    steps.forEach(Executable::enqueue);
  }
}
