package dev.flopmeter.serve.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.device.NodeSample;
import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.device.ProcessOwner;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The state of each second; samples come every ten seconds. */
class NodeAccountsTest {
  private static final long SECOND = 1_000_000_000L;

  private final NodeAccounts accounts = new NodeAccounts(Duration.ofSeconds(10), 2);
  private long now;

  private static Gpu gpu(String device, String parent, State state, Occupant... processes) {
    boolean isPart = device.indexOf(':') != device.lastIndexOf(':');
    String uuid = isPart ? "MIG-" + device : parent;
    NodeSample.Part part = isPart ? new NodeSample.Part(0.25, 28, 0.25) : null;
    List<String> throttled =
        state == State.THROTTLED ? List.of("hw_thermal", "hw_slowdown") : List.of();
    return new Gpu(
        device,
        uuid,
        parent,
        "H100",
        part,
        state,
        0.0,
        1L,
        2L,
        throttled,
        Map.of(),
        List.of(processes));
  }

  private static Occupant process(long pid, long bytes) {
    return new Occupant(pid, new ProcessOwner("python", "", "", ""), bytes, 0.5);
  }

  private void sample(int seconds, Gpu... gpus) {
    now += seconds * SECOND;
    accounts.take(
        new NodeSample(NodeSample.SCHEMA, false, List.of(gpus), List.of(), List.of(), Map.of()),
        Set.of("GPU-ours"),
        now);
  }

  private GpuAccount only() {
    assertThat(accounts.view()).hasSize(1);
    return accounts.view().get(0);
  }

  private static double all(GpuAccount account) {
    return account.seconds().values().stream().mapToDouble(Double::doubleValue).sum();
  }

  @Test
  void aSampleCoversTheTimeSinceThePreviousOne() {
    sample(3, gpu("gpu:0", "GPU-a", State.BUSY));
    sample(10, gpu("gpu:0", "GPU-a", State.IDLE));
    sample(11, gpu("gpu:0", "GPU-a", State.HELD));
    sample(9, gpu("gpu:0", "GPU-a", State.THROTTLED));
    assertThat(only().seconds())
        .containsEntry(State.IDLE, 10.0)
        .containsEntry(State.HELD, 11.0)
        .containsEntry(State.THROTTLED, 9.0)
        .containsEntry(State.BUSY, 0.0);
    assertThat(only().throttledSeconds()).isEqualTo(Map.of("hw_thermal", 9.0, "hw_slowdown", 9.0));
    assertThat(only().wastedSeconds()).isEqualTo(21.0);
  }

  @Test
  void aRunOfTheDaemonIsMeasuredWhateverTheGpuDoes() {
    sample(0, gpu("gpu:0", "GPU-ours", State.IDLE));
    sample(10, gpu("gpu:0", "GPU-ours", State.BUSY));
    assertThat(only().seconds()).containsEntry(State.MEASURED, 10.0);
  }

  @Test
  void timeWithoutASampleIsUnknownAndNotDropped() {
    sample(0, gpu("gpu:0", "GPU-a", State.BUSY));
    sample(100, gpu("gpu:0", "GPU-a", State.BUSY));
    assertThat(only().seconds()).containsEntry(State.BUSY, 10.0).containsEntry(State.UNKNOWN, 90.0);
    now += 60 * SECOND;
    assertThat(accounts.expire(now)).isTrue();
    assertThat(only().state()).isEqualTo(State.UNKNOWN);
    assertThat(only().seconds()).containsEntry(State.UNKNOWN, 150.0);
    sample(5, gpu("gpu:0", "GPU-a", State.BUSY));
    assertThat(only().seconds()).containsEntry(State.BUSY, 15.0);
    assertThat(all(only())).isEqualTo(165.0);
  }

  @Test
  void aLostGpuIsLostWithAllItsInstancesUntilItIsBack() {
    Gpu first = gpu("gpu:0:0", "GPU-a", State.BUSY, process(1, 5));
    Gpu second = gpu("gpu:0:1", "GPU-a", State.IDLE);
    sample(0, first, second);
    sample(10, first, second);
    sample(10, gpu("gpu:0", "GPU-a", State.LOST));
    assertThat(accounts.view()).hasSize(2).allMatch(account -> account.state() == State.LOST);
    assertThat(accounts.view().get(0).processes()).isEmpty();
    sample(10, first, second);
    assertThat(accounts.view()).allMatch(account -> all(account) == 30);
    assertThat(accounts.view()).allMatch(account -> account.seconds().get(State.LOST) == 10);
  }

  @Test
  void aGpuThatIsNoLongerListedIsLost() {
    sample(0, gpu("gpu:0", "GPU-a", State.BUSY), gpu("gpu:1", "GPU-b", State.BUSY));
    sample(10, gpu("gpu:1", "GPU-b", State.BUSY));
    assertThat(accounts.view()).extracting(GpuAccount::state).contains(State.LOST, State.BUSY);
  }

  @Test
  void aGpuThatWasLostFromTheStartGetsItsUuidWhenItIsBack() {
    sample(0, gpu("gpu:0", "", State.LOST));
    sample(10, gpu("gpu:0", "", State.LOST));
    assertThat(only().seconds()).containsEntry(State.LOST, 10.0);
    sample(10, gpu("gpu:0", "GPU-a", State.IDLE));
    assertThat(only().gpu().uuid()).isEqualTo("GPU-a");
  }

  @Test
  void instancesGoWhenTheGpuIsDividedAnew() {
    sample(0, gpu("gpu:0", "GPU-a", State.IDLE));
    sample(10, gpu("gpu:0:0", "GPU-a", State.IDLE), gpu("gpu:0:1", "GPU-a", State.IDLE));
    assertThat(accounts.view()).hasSize(2);
    sample(10, gpu("gpu:0:1", "GPU-a", State.IDLE));
    assertThat(only().gpu().device()).isEqualTo("gpu:0:1");
    assertThat(only().wastedSeconds()).as("a quarter of a GPU").isEqualTo(2.5);
  }

  @Test
  void aProcessIsCountedWhileItIsThereAndGoesWithoutATrace() {
    sample(0, gpu("gpu:0", "GPU-a", State.BUSY));
    sample(10, gpu("gpu:0", "GPU-a", State.BUSY, process(7, 5)));
    sample(10, gpu("gpu:0", "GPU-a", State.BUSY, process(7, 5)));
    assertThat(only().processes())
        .extracting(GpuAccount.ProcessAccount::seconds)
        .containsExactly(20.0);
    Occupant other = new Occupant(7, new ProcessOwner("java", "", "", ""), 5L, null);
    sample(10, gpu("gpu:0", "GPU-a", State.BUSY, other));
    assertThat(only().processes())
        .as("another process with the same number")
        .extracting(GpuAccount.ProcessAccount::seconds)
        .containsExactly(10.0);
    sample(10, gpu("gpu:0", "GPU-a", State.IDLE));
    assertThat(only().processes()).isEmpty();
  }

  @Test
  void onlyTheLargestProcessesHaveSeriesOfTheirOwn() {
    Gpu gpu =
        gpu(
            "gpu:0",
            "GPU-a",
            State.BUSY,
            process(1, 10),
            process(2, 30),
            process(3, 20),
            process(4, 1));
    sample(0, gpu);
    sample(10, gpu);
    assertThat(only().processes()).extracting(each -> each.process().pid()).containsExactly(2L, 3L);
    assertThat(only().others()).extracting(Occupant::pid).containsExactly(1L, 4L);
    assertThat(only().otherSeconds()).isCloseTo(20, within(1e-9));
    sample(10, gpu("gpu:0", "GPU-a", State.BUSY, process(1, 10), process(4, 1)));
    assertThat(only().otherSeconds()).as("a counter does not fall").isCloseTo(20, within(1e-9));
  }
}
