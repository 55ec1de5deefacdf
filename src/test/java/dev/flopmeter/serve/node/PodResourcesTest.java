package dev.flopmeter.serve.node;

import static dev.flopmeter.serve.node.FakeKubelet.pod;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.flopmeter.serve.config.ServeConfig.Node;
import dev.flopmeter.serve.node.FakeKubelet.Behavior;
import dev.flopmeter.serve.node.NodeState.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The allocations of GPUs, from a kubelet that is strict about HTTP/2 and gRPC. */
class PodResourcesTest {
  private static final List<String> ALL = List.of("namespace", "pod_name", "container_name");

  @TempDir private Path folder;
  private Path socket;
  private final Map<String, String> absent = new HashMap<>();

  @BeforeEach
  void place() {
    socket = folder.resolve("kubelet.sock");
  }

  private Set<Pod> list(List<String> labels) {
    Optional<Duration> interval = Optional.of(Duration.ofSeconds(1));
    Node rules = new Node(interval, 5, Optional.empty(), false, labels, socket.toString());
    return PodResources.list(rules, absent);
  }

  @Test
  void gpusAndInstancesAreThoseOfTheContainersThatHaveThem() throws IOException {
    ByteString training = pod("ml", "train-0", "main", "GPU-a", "GPU-b");
    ByteString small = pod("web", "chat-7", "server", "MIG-c-1");
    ByteString shared = pod("web", "share-1", "server", "GPU-d::3");
    ByteString none = pod("kube-system", "dns", "dns", "eth0", "XGPU-e");
    try (FakeKubelet kubelet =
        FakeKubelet.start(socket, Behavior.ANSWERS, training, small, shared, none)) {
      assertThat(list(ALL))
          .containsExactlyInAnyOrder(
              new Pod("GPU-a", "ml", "train-0", "main"),
              new Pod("GPU-b", "ml", "train-0", "main"),
              new Pod("MIG-c-1", "web", "chat-7", "server"),
              new Pod("GPU-d", "web", "share-1", "server"));
      assertThat(kubelet.problems).isEmpty();
    }
    assertThat(absent).isEmpty();
  }

  @Test
  void labelsThatAreNotAllowedAreNotStored() throws IOException {
    ByteString first = pod("ml", "secret-a", "main", "GPU-d::1");
    ByteString second = pod("ml", "secret-b", "main", "GPU-d::2");
    try (FakeKubelet kubelet = FakeKubelet.start(socket, Behavior.ANSWERS, first, second)) {
      assertThat(list(List.of("namespace"))).containsExactly(new Pod("GPU-d", "ml", "", ""));
      assertThat(kubelet.problems).isEmpty();
    }
  }

  @Test
  void withoutAllowedLabelsTheKubeletIsNotAsked() {
    assertThat(list(List.of())).isEmpty();
    assertThat(absent).as("its socket is not there").isEmpty();
  }

  @Test
  void anAnswerMayBeLargerThanTheUsualWindows() throws IOException {
    ByteString[] pods =
        IntStream.range(0, 3000)
            .mapToObj(i -> pod("ml", "worker-" + i, "main", "GPU-" + i))
            .toArray(ByteString[]::new);
    try (FakeKubelet kubelet = FakeKubelet.start(socket, Behavior.ANSWERS, pods)) {
      assertThat(list(ALL)).hasSize(3000);
      assertThat(kubelet.problems).isEmpty();
    }
  }

  @Test
  void eachCallUsesItsOwnConnection() throws IOException {
    try (FakeKubelet kubelet =
        FakeKubelet.start(socket, Behavior.ANSWERS, pod("ml", "a", "main", "GPU-a"))) {
      for (int i = 0; i < 20; i++) {
        assertThat(list(ALL)).hasSize(1);
      }
      assertThat(kubelet.problems).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "UNIMPLEMENTED, the call failed; version 1 of the API is not served there",
    "COMPRESSES, the call failed; version 1 of the API is not served there",
    "GOES_AWAY, the call was refused",
    "RESETS, the call was refused",
    "CLOSES, 'no response: it closed the connection, or did not answer in 2 s'",
    "SILENT, 'no response: it closed the connection, or did not answer in 2 s'"
  })
  void aCallThatFailsHasAReason(Behavior behavior, String reason) throws IOException {
    try (FakeKubelet kubelet =
        FakeKubelet.start(socket, behavior, pod("ml", "a", "main", "GPU-a"))) {
      assertThat(list(ALL)).isEmpty();
      assertThat(absent).containsExactly(Map.entry("pods", socket + ": " + reason));
    }
  }

  @Test
  void aSocketThatIsNotMountedIsAbsentWithTheReason() {
    assertThat(list(ALL)).isEmpty();
    assertThat(absent).containsExactly(Map.entry("pods", socket + ": No such file or directory"));
  }
}
