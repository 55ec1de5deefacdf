package dev.flopmeter.serve;

import dev.flopmeter.device.NodeSample.Event;
import dev.flopmeter.serve.config.ServeConfig.Node;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.serve.node.NodeWatch;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The GPUs of this host: the watch on them, and which of the daemon's devices they are. */
final class HostGpus implements WorkerRunner.Faults, AutoCloseable {
  private final WorkerCommand command;
  private final Devices devices;
  private final LongSupplier nanos;
  private volatile NodeWatch watch;

  HostGpus(WorkerCommand command, Node rules, Devices devices, LongSupplier nanos) {
    this.command = command;
    this.devices = devices;
    this.nanos = nanos;
    watch = new NodeWatch(command, rules, nanos);
  }

  /**
   * Begins to watch.
   *
   * @param running the devices that runs are on
   * @param changed called after each sample with its events
   */
  void start(Supplier<Set<String>> running, Consumer<List<Event>> changed) {
    watch.start(() -> uuids(running.get()), changed);
  }

  /** Ends the watch; the next {@link #start} goes by these rules. */
  void rules(Node next) {
    watch.close();
    watch = new NodeWatch(command, next, nanos);
  }

  /** The uuids of devices, which are GPUs or MIG instances. */
  private Set<String> uuids(Set<String> running) {
    Set<String> uuids = new HashSet<>();
    for (String device : running) {
      Map<String, String> known = devices.properties(device);
      uuids.add(known.getOrDefault("mig_uuid", known.getOrDefault("uuid", "")));
    }
    return uuids;
  }

  /** Errors of the GPU that a device is, or is an instance of. */
  @Override
  public Optional<String> between(String device, Instant from, Instant to) {
    Map<String, String> known = devices.properties(device);
    List<String> uuids =
        List.of(known.getOrDefault("uuid", "none"), known.getOrDefault("mig_uuid", "none"));
    return state()
        .fatal(Set.copyOf(uuids), from, to)
        .map(event -> event.text() + " at " + event.at() + ", during the measurement");
  }

  NodeState state() {
    return watch.state();
  }

  boolean tick() {
    return watch.tick();
  }

  @Override
  public void close() {
    watch.close();
  }
}
