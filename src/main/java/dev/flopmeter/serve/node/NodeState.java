package dev.flopmeter.serve.node;

import dev.flopmeter.serve.config.ServeConfig.Node;
import java.util.List;
import java.util.Map;

/**
 * What is known of the GPUs of this host.
 *
 * @param problem why no samples come; empty while they do
 * @param absent why a figure is missing, by its name
 */
public record NodeState(
    Node rules,
    List<GpuAccount> gpus,
    String problem,
    boolean isEmulated,
    Map<String, String> absent) {
  public NodeState {
    gpus = List.copyOf(gpus);
    absent = Map.copyOf(absent);
  }

  /** Of a daemon that watches none. */
  public static NodeState none(Node rules) {
    return new NodeState(rules, List.of(), "", false, Map.of());
  }
}
