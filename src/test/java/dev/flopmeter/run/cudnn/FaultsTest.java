package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Faults of a GPU, in a separate process: it exits with code 3 and one line that names the error,
 * and releases everything.
 */
class FaultsTest {
  private static final Path MODEL = Path.of("../shared/models/real/mnist/model.onnx");
  private static final long PATIENCE_SECONDS = 2;

  private static final AtomicInteger INJECTED = new AtomicInteger();
  private static final AtomicInteger SURVIVED = new AtomicInteger();
  private static final AtomicInteger CLEAN = new AtomicInteger();

  @TempDir Path directory;

  private record Ended(int exitCode, List<String> errors, JsonNode report) {
    String error() {
      return errors.isEmpty() ? "" : errors.get(errors.size() - 1);
    }

    /** All objects that are live in the emulated driver when the process ends. */
    int leaked() {
      int all = 0;
      for (JsonNode count : report.path("live")) {
        all += count.asInt();
      }
      return all;
    }
  }

  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  @BeforeAll
  static void build() {
    assumeTrue(Files.exists(MODEL), "no network at " + MODEL);
  }

  @AfterAll
  static void tell() {
    System.out.printf(
        "faults injected: %d, ended with a correct report: %d; processes that gave back every"
            + " handle and byte: %d%n",
        INJECTED.get(), SURVIVED.get(), CLEAN.get());
  }

  private static void assertNothingLeaked(Ended ended) {
    assertThat(ended.leaked()).as(ended.report().path("live").toString()).isZero();
    CLEAN.incrementAndGet();
  }

  private Ended inject(String fault) throws IOException, InterruptedException {
    INJECTED.incrementAndGet();
    return profile(fault);
  }

  private Ended profile(String fault) throws IOException, InterruptedException {
    Path report = directory.resolve("report.jsonl");
    Files.deleteIfExists(report);
    Path errors = directory.resolve("errors");
    ProcessBuilder command =
        new ProcessBuilder(
            EmulatedGpu.SCRIPT.toString(),
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Dflopmeter.cudnn.patience.seconds=" + PATIENCE_SECONDS,
            "-Dflopmeter.cache=" + directory.resolve("cache"),
            "-cp",
            System.getProperty("java.class.path"),
            "dev.flopmeter.cli.Main",
            "profile",
            MODEL.toString(),
            "--backend",
            "cudnn",
            "--no-check",
            "--no-roof",
            "--max-time",
            "1s",
            "--format",
            "json");
    command.environment().putAll(Map.of("FLOPMETER_EMULATED_REPORT", report.toString()));
    command.environment().put("FLOPMETER_EMULATED_FAULT", fault);
    command.redirectError(errors.toFile());
    command.redirectOutput(directory.resolve("output").toFile());
    Process process = command.start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("the process hangs under " + fault);
    }
    List<String> lines = new ArrayList<>(Files.readAllLines(errors));
    lines.removeIf(line -> !line.startsWith("flopmeter: "));
    JsonNode parsed =
        Files.exists(report)
            ? JsonMapper.builder().build().readTree(Files.readString(report))
            : JsonMapper.builder().build().createObjectNode();
    return new Ended(process.exitValue(), lines, parsed);
  }

  @Test
  void withoutAFaultItSucceedsAndReleasesEverything() throws Exception {
    Ended ended = profile("");
    assertThat(ended.errors()).isEmpty();
    assertThat(ended.exitCode()).isZero();
    assertThat(ended.report().path("calls").path("cuGraphLaunch").asInt()).isPositive();
    assertNothingLeaked(ended);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "oom@alloc:1            | CUDA_ERROR_OUT_OF_MEMORY",
        "oom@alloc:2            | CUDA_ERROR_OUT_OF_MEMORY",
        "oom@call:cuEventCreate | CUDA_ERROR_OUT_OF_MEMORY",
        "oom@call:cudnnCreate   | cudnnCreate failed",
        "oom@call:cudnnBackendFinalize/16:2 | cudnnBackendFinalize(variant pack) failed",
        "oom@call:cudnnBackendSetAttribute/16:5 | cudnnBackendSetAttribute(variant pack, pointers)",
        "oom@call:cuGraphInstantiateWithFlags | cuGraphInstantiateWithFlags failed",
        "no-device              | reports no device",
        "old-driver             | too old",
        "cudnn-version:8907     | 9 is required",
        "missing-symbol:cudnnBackendExecute | lacks the function cudnnBackendExecute",
      })
  void aTemporaryFaultIsReportedAndNothingLeaks(String fault, String words) throws Exception {
    assumeTrue(
        !EmulatedGpu.isJudged() || !fault.contains("cuEventCreate"),
        "NVIDIA's planner names several engines: their search makes the first event and goes on");
    Ended ended = inject(fault);
    assertThat(ended.errors()).hasSize(1);
    assertThat(ended.error()).contains(words);
    assertThat(ended.exitCode()).isEqualTo(3);
    assertNothingLeaked(ended);
    SURVIVED.incrementAndGet();
  }

  /** A failed release leaves only that one object. */
  @ParameterizedTest
  @ValueSource(
      strings = {"cuGraphDestroy", "cuGraphExecDestroy", "cuEventDestroy", "cuStreamDestroy"})
  void aFailedReleaseKeepsNothingElse(String call) throws Exception {
    Ended ended = inject("oom@call:" + call);
    assertThat(ended.errors()).hasSize(1);
    assertThat(ended.error()).contains(call + " failed");
    assertThat(ended.exitCode()).isEqualTo(3);
    assertThat(ended.leaked()).as(ended.report().path("live").toString()).isOne();
    SURVIVED.incrementAndGet();
  }

  /** The first error is shown; closing after it fails as well. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "oom@alloc:2 | CUDA_ERROR_OUT_OF_MEMORY",
        "oom@call:cuGraphInstantiateWithFlags | cuGraphInstantiateWithFlags failed",
        "oom@call:cudnnCreate | cudnnCreate failed",
      })
  void anErrorOfClosingDoesNotHideTheFirst(String fault, String words) throws Exception {
    Ended ended = inject(fault + ",oom@call:cuStreamDestroy");
    assertThat(ended.errors()).hasSize(1);
    assertThat(ended.error()).contains(words).doesNotContain("cuStreamDestroy");
    assertThat(ended.exitCode()).isEqualTo(3);
    assertThat(ended.leaked()).as(ended.report().path("live").toString()).isOne();
    SURVIVED.incrementAndGet();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "illegal-address@launch:4  | step | CUDA_ERROR_ILLEGAL_ADDRESS",
        "illegal-address@launch:900| pass | CUDA_ERROR_ILLEGAL_ADDRESS",
        "ecc@launch:6              | step | CUDA_ERROR_ECC_UNCORRECTABLE",
        "launch-failed@launch:6    | step | CUDA_ERROR_LAUNCH_FAILED",
        "device-lost@launch:6      | step | CUDA_ERROR_UNKNOWN",
        "illegal-address@call:cudnnBackendExecute:1 | step |" + " CUDA_ERROR_ILLEGAL_ADDRESS",
        "device-lost               | cuDevicePrimaryCtxRetain | CUDA_ERROR_UNKNOWN",
      })
  void aStickyFaultEndsTheProcessWithItsName(String fault, String place, String name)
      throws Exception {
    Ended ended = inject(fault);
    assertThat(ended.errors()).hasSize(1);
    assertThat(ended.error()).contains(place).contains(name);
    assertThat(ended.exitCode()).isEqualTo(3);
    SURVIVED.incrementAndGet();
  }

  @Test
  void aHangIsReportedWithinTheTimeLimit() throws Exception {
    Ended ended = inject("hang@launch:6");
    assertThat(ended.errors()).hasSize(1);
    assertThat(ended.error()).contains("did not answer within " + PATIENCE_SECONDS + " s");
    assertThat(ended.exitCode()).isEqualTo(3);
    SURVIVED.incrementAndGet();
  }

  /** cuDNN can write the plans of only some engines; the others are valid for one run. */
  @Test
  void plansThatCannotBeWrittenAreUsed() throws Exception {
    Ended ended = inject("unwritable-plans");
    assertThat(ended.exitCode()).isZero();
    assertThat(Files.readString(directory.resolve("output"))).contains("convolution engine");
    assertNothingLeaked(ended);
    Ended again = inject("unwritable-plans");
    assertThat(again.report().path("calls").path("graph planned").asInt()).isPositive();
    SURVIVED.addAndGet(2);
  }

  @Test
  void aSlowDeviceIsNotAFault() throws Exception {
    Ended ended = inject("slow:50%");
    assertThat(ended.exitCode()).isZero();
    assertNothingLeaked(ended);
    SURVIVED.incrementAndGet();
  }
}
