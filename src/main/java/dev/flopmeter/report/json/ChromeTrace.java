package dev.flopmeter.report.json;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import java.util.ArrayList;
import java.util.List;

/**
 * Results as a trace for Chrome and Perfetto: a track for each result with its layers one after the
 * other, each as long as its median.
 */
public final class ChromeTrace {
  private ChromeTrace() {}

  public static String render(List<ProfileResult> results) {
    List<JsonObject> events = new ArrayList<>();
    events.add(title("process_name", 0, "flopmeter"));
    for (int i = 0; i < results.size(); i++) {
      track(events, results.get(i), i + 1);
    }
    return new JsonObject().put("displayTimeUnit", "ms").put("traceEvents", events).line();
  }

  private static void track(List<JsonObject> events, ProfileResult result, int track) {
    String name =
        String.format(
            "%s, batch %s, %s on %s",
            result.model().name(),
            result.run().batch(),
            result.run().backend(),
            result.device().name());
    events.add(title("thread_name", track, name));
    double start = 0;
    for (Layer layer : result.layers()) {
      double micros = 1e6 * layer.time().median();
      events.add(
          event(layer.name(), "X", track)
              .put("cat", layer.op())
              .put("ts", start)
              .put("dur", micros)
              .put("args", facts(layer)));
      start += micros;
    }
  }

  /** With the category and the duration of Chrome's own events; some readers require them. */
  private static JsonObject title(String kind, int track, String name) {
    return event(kind, "M", track)
        .put("cat", "__metadata")
        .put("ts", 0)
        .put("args", new JsonObject().put("name", name));
  }

  private static JsonObject facts(Layer layer) {
    return new JsonObject()
        .put("op", layer.op())
        .put("kernel", layer.kernel().algorithm())
        .put("macs", layer.cost().macs())
        .put("flops", layer.cost().flops())
        .put("bytes", layer.cost().bytes())
        .put("flop_per_second", layer.achievedFlopsPerSecond())
        .put("bound", layer.boundText())
        .put("nodes", layer.nodes());
  }

  private static JsonObject event(String name, String phase, int track) {
    return new JsonObject().put("name", name).put("ph", phase).put("pid", 1).put("tid", track);
  }
}
