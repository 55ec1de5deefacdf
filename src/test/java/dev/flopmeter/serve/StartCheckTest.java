package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code serve --check}: errors that would prevent a start, and features that would not work after
 * it.
 */
class StartCheckTest {
  @TempDir private Path folder;

  private ServeConfig config(String yaml) throws Exception {
    return new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty())
        .read(Files.writeString(folder.resolve("f.yaml"), yaml));
  }

  private StartCheck check(String yaml) throws Exception {
    return StartCheck.of(
        config(yaml),
        FakeWorker.command(Map.of("FAKE_DEVICES", "cuda:0 cpu", "FAKE_BUSY", "null")));
  }

  private static String kept(int port) {
    return "workloads: {w: {model: good}}\nhistory: {folder: kept}\nhttp: {listen: \"127.0.0.1:"
        + port
        + "\"}";
  }

  @Test
  void aGoodConfigurationLeavesNoTrace() throws Exception {
    StartCheck check = check(kept(0));
    assertThat(check.errors()).isEmpty();
    assertThat(check.warnings()).isEmpty();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(folder.resolve("f.yaml"));
    }
  }

  @Test
  void withoutBatchSizesTheModelsOwnIsCounted() throws Exception {
    String strict =
        "for each; do [ -n \"$each\" ] || { echo 'an empty argument' >&2; exit 2; }; done; exec '"
            + FakeWorker.SCRIPT
            + "' \"$@\"";
    WorkerCommand worker = new WorkerCommand(List.of("sh", "-c", strict, "worker"), Map.of());
    assertThat(StartCheck.of(config(kept(0)), worker).warnings()).isEmpty();
  }

  @Test
  void aTakenPortOrFolderIsRefusedAndBothAreARunningDaemon() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      assertThat(check(kept(port)).errors())
          .singleElement()
          .asString()
          .startsWith("cannot listen on 127.0.0.1:" + port + ": Address already in use");
      try (History history = History.open(config(kept(0)).history(), Clocks.system())) {
        assertThat(history.state().isWritable()).isTrue();
        assertThat(check(kept(0)).errors())
            .singleElement()
            .asString()
            .contains("is used by another flopmeter");
        StartCheck running = check(kept(port));
        assertThat(running.errors()).isEmpty();
        assertThat(running.warnings()).singleElement().asString().contains("is already running");
      }
    }
  }

  @Test
  void tlsFilesThatAreNotWhatTheyShouldBe() throws Exception {
    Files.writeString(folder.resolve("c.pem"), "nothing");
    Files.writeString(folder.resolve("k.pem"), "nothing");
    String tls = ", tls: {certificate: c.pem, key: k.pem}}";
    assertThat(check(kept(0).replaceFirst("}$", tls)).errors())
        .singleElement()
        .asString()
        .startsWith("http.tls.");
  }

  @Test
  void aFolderThatCannotBeMadeIsAWarning() throws Exception {
    Files.writeString(folder.resolve("file"), "");
    assertThat(check(kept(0).replace("kept", "file/kept")).warnings())
        .singleElement()
        .asString()
        .startsWith("history.folder cannot be written: ")
        .endsWith("; results will be held in memory");
  }

  @Test
  void featuresThatWillNotWorkAreWarnings() throws Exception {
    StartCheck check =
        check(
            """
            http: {listen: "127.0.0.1:0"}
            history: {folder: none}
            workloads:
              lost: {model: good, device: 'cuda:7'}
              blind: {model: good, device: 'cuda:0', only_when: {utilization_below: 10%}}
              many: {model: good, batch: [1, 2, 4, 8], max_time: 20s, timeout: 1m}
              wrong: {model: refuse}
            """);
    assertThat(check.errors()).isEmpty();
    assertThat(check.warnings())
        .containsExactlyInAnyOrder(
            "workloads.lost.device: cuda:7 is not a device of this host: cuda:0, cpu",
            "workloads.blind.only_when: cuda:0 does not report its utilization",
            "workloads.many.timeout: 1m may be too short for 4 batch sizes of up to 20s each;"
                + " increase it or decrease max_time",
            "workloads.wrong: flopmeter count: exit code 2: model: no operator Frobnicate;"
                + " use another model");
  }

  @Test
  void devicesThatCannotBeListedAreAWarning() throws Exception {
    StartCheck check =
        StartCheck.of(
            config(kept(0).replace("model: good", "model: good, device: cpu")),
            FakeWorker.command(Map.of("FAKE_DEVICES", "none")));
    assertThat(check.warnings())
        .singleElement()
        .asString()
        .startsWith("the devices of this host cannot be listed: flopmeter devices: exit code 3");
  }
}
