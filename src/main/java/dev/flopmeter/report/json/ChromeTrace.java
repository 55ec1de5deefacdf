package dev.flopmeter.report.json;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Results as a trace that Chrome and Perfetto show: a track for each result, on it the layers one
 * after the other, each as long as its median.
 */
public final class ChromeTrace {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private ChromeTrace() {}

  public static String render(List<ProfileResult> results) {
    ObjectNode trace = MAPPER.createObjectNode().put("displayTimeUnit", "ms");
    ArrayNode events = trace.putArray("traceEvents");
    event(events, "process_name", "M", 0).putObject("args").put("name", "flopmeter");
    for (int i = 0; i < results.size(); i++) {
      track(events, results.get(i), i + 1);
    }
    return MAPPER.writeValueAsString(trace) + "\n";
  }

  private static void track(ArrayNode events, ProfileResult result, int track) {
    String name =
        "%s, batch %d, %s on %s"
            .formatted(
                result.model().name(),
                result.run().batch(),
                result.run().backend(),
                result.device().name());
    event(events, "thread_name", "M", track).putObject("args").put("name", name);
    double start = 0;
    for (Layer layer : result.layers()) {
      double micros = 1e6 * layer.time().median();
      ObjectNode event = event(events, layer.name(), "X", track);
      event.put("cat", layer.op()).put("ts", start).put("dur", micros);
      ObjectNode facts = event.putObject("args");
      facts.put("op", layer.op()).put("kernel", layer.kernel().algorithm());
      facts.put("macs", layer.cost().macs()).put("flops", layer.cost().flops());
      facts.put("bytes", layer.cost().bytes());
      if (layer.achievedFlopsPerSecond() != null) {
        facts.put("flop_per_second", layer.achievedFlopsPerSecond());
      }
      if (layer.bound() != null) {
        facts.put("bound", layer.bound().label());
      }
      layer.nodes().forEach(facts.withArray("nodes")::add);
      start += micros;
    }
  }

  private static ObjectNode event(ArrayNode events, String name, String phase, int track) {
    return events.addObject().put("name", name).put("ph", phase).put("pid", 1).put("tid", track);
  }
}
