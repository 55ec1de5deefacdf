package dev.flopmeter.serve.node;

import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.NodeSample.State;
import java.util.List;
import java.util.Map;

/**
 * The time of one GPU or MIG instance by state, since it was first sampled.
 *
 * @param gpu in its last reachable state
 * @param state of the last sample; {@link State#UNKNOWN} if it is older than it may be
 * @param seconds by state; all together are the time since the first sample
 * @param throttledSeconds by reason, whatever the state; there may be several at once
 * @param processes those with series of their own
 * @param others that are on it, too
 * @param otherSeconds sum over all that ever were among the others
 */
public record GpuAccount(
    Gpu gpu,
    State state,
    Map<State, Double> seconds,
    Map<String, Double> throttledSeconds,
    List<ProcessAccount> processes,
    List<Occupant> others,
    double otherSeconds) {
  /** A process and the time that it has been on the GPU. */
  public record ProcessAccount(Occupant process, double seconds) {}

  /** Whether the last sample's figures are those of now. */
  public boolean isReached() {
    return state != State.LOST && state != State.UNKNOWN;
  }

  /** Seconds in which nothing ran although it could, of whole GPUs: paid but unused time. */
  public double wastedSeconds() {
    return gpu.share()
        * (seconds.getOrDefault(State.IDLE, 0.0) + seconds.getOrDefault(State.HELD, 0.0));
  }
}
