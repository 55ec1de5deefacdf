package dev.flopmeter.serve.node;

import dev.flopmeter.device.NodeSample.Event;
import dev.flopmeter.device.NodeSample.Health;
import dev.flopmeter.serve.config.ServeConfig.Node;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The state of the GPUs of this host.
 *
 * @param events the last ones, the oldest first
 * @param problem why no samples come; empty while they do
 * @param absent why a figure is missing, by its name
 */
public record NodeState(
    Node rules,
    List<GpuAccount> gpus,
    List<Health> health,
    List<Event> events,
    Set<Pod> pods,
    String problem,
    boolean isEmulated,
    Map<String, String> absent) {
  /** A container with an allocated GPU or MIG instance; labels that are not allowed are empty. */
  public record Pod(String uuid, String namespace, String name, String container) {}

  /** Whether figures of a whole GPU, however it is divided, are those of now. */
  public boolean isReached(String uuid) {
    return gpus.stream().anyMatch(one -> one.isReached() && one.gpu().parent().equals(uuid));
  }

  /** The first fatal event that one of these GPUs or MIG instances had in a window. */
  public Optional<Event> fatal(Set<String> uuids, Instant from, Instant to) {
    return events.stream()
        .filter(event -> event.isFatal() && uuids.contains(event.uuid()))
        .filter(event -> !event.at().isBefore(from) && !event.at().isAfter(to))
        .findFirst();
  }
}
