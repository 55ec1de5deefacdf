package dev.flopmeter.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.bench.GeneratedModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A rehearsal of {@code gpu-check} on the emulated GPU, with a stub instead of PyTorch: packed,
 * unpacked, run within a budget, and killed. The times in its results are not valid.
 */
class GpuCheckIT {
  private static final Path ROOT = Path.of("").toAbsolutePath();
  private static final int BUDGET_SECONDS = 60;

  /** Limit of 60 MB for the archive. */
  private static final long MOST_BYTES = 60_000_000;

  @TempDir static Path folder;

  @TempDir Path results;

  @BeforeAll
  static void packAndUnpack() throws IOException, InterruptedException {
    assumeTrue(Files.isDirectory(ROOT.resolve("target/flopmeter/lib")), "needs mvn package");
    Path archive = folder.resolve("archive.tar.gz");
    run(script(ROOT.resolve("src/test/bin/gpu-check").toString(), "pack", archive.toString()));
    assertThat(Files.size(archive)).isLessThan(MOST_BYTES);
    run(new ProcessBuilder("tar", "-C", folder.toString(), "-xzf", archive.toString()));
    // A network that the emulation computes very quickly.
    Path check = folder.resolve("flopmeter-gpu-check/check");
    Files.write(check.resolve("small.onnx"), GeneratedModel.ofNodes(9));
    References.compute(check, List.of("small"));
  }

  private static void run(ProcessBuilder builder) throws IOException, InterruptedException {
    Process process = builder.inheritIO().start();
    assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  private static ProcessBuilder script(String... command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("GPU_CHECK_REFERENCES", "resnet18");
    return builder;
  }

  /** The unpacked archive's script on the emulated GPU, standard output and error together. */
  private Process start() throws IOException {
    ProcessBuilder builder =
        script(
            ROOT.resolve("src/test/bin/emulated-gpu").toString(),
            folder.resolve("flopmeter-gpu-check/gpu-check").toString(),
            results.toString());
    builder
        .environment()
        .putAll(
            Map.of(
                "PYTHONPATH",
                ROOT.resolve("src/test/fake-torch").toString(),
                "GPU_CHECK_BUDGET",
                Integer.toString(BUDGET_SECONDS),
                "GPU_CHECK_NETWORK",
                "small",
                "GPU_CHECK_BATCHES",
                "1",
                "GPU_CHECK_CHECKS",
                "small:fp16",
                // Longer than the budget: it is stopped, and no later item is started.
                "GPU_CHECK_BLOCKS",
                "vit_b_16 llama3-8b-block:sequence=4096"));
    return builder.redirectErrorStream(true).start();
  }

  @Test
  void theBudgetEndsItAndEverythingIsInOneArchive() throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process check = start();
    String output;
    try (BufferedReader lines = check.inputReader(StandardCharsets.UTF_8)) {
      output = String.join("\n", lines.lines().toList());
    }
    int code = check.waitFor();
    Duration took = Duration.ofNanos(System.nanoTime() - start);

    assertThat(code).as(output).isZero();
    assertThat(took).isLessThan(Duration.ofSeconds(BUDGET_SECONDS));
    assertThat(results).isDirectoryNotContaining("glob:**.new");
    try (var files = Files.list(results)) {
      assertThat(files).hasSizeLessThanOrEqualTo(8);
    }
    Map<String, String> archive = archive();
    assertThat(archive.get("gpu-check/summary.md"))
        .isEqualTo(Files.readString(results.resolve("summary.md")))
        .contains("**Emulated: its times are not valid.**", "**A stub: its times are not valid.**")
        .contains("| small | fp16 | 1 | ", "| small | fp16 | ", " | passed |")
        .contains("| left out | why |")
        .containsPattern("\\| profile llama3-8b-block fp16 \\| (stopped after|no time: )")
        .doesNotContain("| failed | why |");
    assertThat(archive)
        .containsKeys(
            "gpu-check/doctor.txt",
            "gpu-check/environment.txt",
            "gpu-check/profile-small-fp16-1-turn-1.json");
    assertThat(archive.get("gpu-check/torch.jsonl"))
        .contains("\"mode\": \"eager\", \"seconds\": ", "\"ready\": true");
  }

  @Test
  void resultsBeforeAKillAreComplete() throws IOException, InterruptedException {
    Process check = start();
    try (BufferedReader lines = check.inputReader(StandardCharsets.UTF_8)) {
      String line = lines.readLine();
      while (line != null && !line.contains("profile small fp16 1 turn 1")) {
        line = lines.readLine();
      }
      assertThat(line).contains(" done ");
      // The next item's line: the previous item is published by then, this one perhaps not.
      assertThat(lines.readLine()).contains("torch eager fp16 1 turn 1");
      check.descendants().forEach(ProcessHandle::destroyForcibly);
      check.destroyForcibly().waitFor();
    }
    assertThat(archive())
        .containsKeys("gpu-check/doctor.txt", "gpu-check/summary.md")
        .hasEntrySatisfying(
            "gpu-check/profile-small-fp16-1-turn-1.json",
            profile -> assertThat(profile).startsWith("{").endsWith("}\n"));
    assertThat(results.resolve("summary.md")).content().contains("| small | fp16 | 1 | ");
  }

  private Map<String, String> archive() throws IOException {
    Map<String, String> entries = new TreeMap<>();
    try (ZipInputStream zip =
        new ZipInputStream(Files.newInputStream(results.resolve("results.zip")))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        entries.put(entry.getName(), new String(zip.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return entries;
  }
}
