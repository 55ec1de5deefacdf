package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.flopmeter.bench.GeneratedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Output of the installed application: files, pipes, devices and shell redirections. */
class InstalledOutputIT {
  private static final String UNITS = "\"$F\" units 1G --to G";
  private static final String GIGA = "1 GFLOP\n";

  @TempDir Path folder;

  private InstalledRun run(String line) {
    return InstalledRun.of(folder, line);
  }

  private void gives(String line, String out) {
    InstalledRun run = run(line);
    run.endedQuietlyWith(0);
    assertThat(run.out()).isEqualTo(out);
  }

  @Test
  void pipesAndDescriptorsAreWrittenThrough() {
    gives(UNITS + " | cat", GIGA);
    gives(UNITS + " -o >(cat) | cat", GIGA);
    gives(UNITS + " -o /dev/stdout | cat", GIGA);
    gives(UNITS + " -o /dev/fd/7 7>seven; cat seven", GIGA);
    gives("mkfifo fifo; cat fifo & " + UNITS + " -o fifo; wait; test -p fifo", GIGA);
    gives(UNITS + " -o /dev/null && test -c /dev/null", "");
    gives("ln -s file link; " + UNITS + " -o link; cat file; test -L link", GIGA);
  }

  /** The shell's own position in the file is kept: nothing that it wrote is lost. */
  @Test
  void standardOutputIsSharedWithTheShell() {
    gives(
        "{ echo a; " + UNITS + " -o /dev/stdout; echo b; } >file; cat file", "a\n" + GIGA + "b\n");
    gives("{ echo a; " + UNITS + "; echo b; } >>more; cat more", "a\n" + GIGA + "b\n");
  }

  @Test
  void aFullDiskIsReported() throws IOException {
    Files.write(folder.resolve("small.onnx"), GeneratedModel.ofNodes(30));
    String profile =
        "\"$F\" profile small.onnx --device cpu --no-roof --no-check --max-time 200ms --format ";
    for (String command :
        List.of("\"$F\" --version", "\"$F\" help", "\"$F\" count resnet18 --format json")) {
      run(command + " >/dev/full")
          .saidOnce(3, "standard output: cannot be written: No space left on device");
    }
    InstalledRun full = run(profile + "jsonl >/dev/full");
    assertThat(full.err()).contains("standard output: cannot be written").hasLineCount(1);
    assertThat(full.code()).isEqualTo(3);
    run(UNITS + " -o /dev/full").saidOnce(3, "-o /dev/full: cannot be written: No space left");
    run(UNITS + " >&-").saidOnce(3, "standard output: cannot be written: Bad file descriptor");
  }

  @Test
  void aReaderThatHasGoneIsNotAFailure() {
    // The output is larger than a pipe's buffer, so the writer notices the closed end.
    String large = "\"$F\" count resnet152 --format json";
    gives("set -o pipefail; " + large + " | head -1", "{\n");
    gives(large + " -o >(head -1) | cat", "{\n");
    gives("mkfifo fifo; head -1 fifo & " + large + " -o fifo; wait", "{\n");
  }

  /** Ctrl-C while a profile measures: the old file stays, and no other file is left. */
  @Test
  void anInterruptedCommandLeavesTheOldFile() throws Exception {
    Files.write(folder.resolve("small.onnx"), GeneratedModel.ofNodes(30));
    Files.writeString(folder.resolve("report.html"), "old");
    Path err = folder.resolve("err");
    // A build in the background ignores the signal, and its children would inherit that.
    String line =
        "exec env --default-signal=INT \"$F\" profile small.onnx --device cpu --no-roof --no-check"
            + " --max-time 10m --batch 1,2,4,8,16 --format html -o report.html";
    Process profile =
        InstalledRun.process(folder, line)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(err.toFile())
            .start();
    try {
      await().atMost(Duration.ofSeconds(60)).until(() -> Files.size(err) > 0);
      run("kill -INT " + profile.pid()).endedQuietlyWith(0);
      assertThat(profile.waitFor(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      profile.destroyForcibly();
    }
    assertThat(profile.exitValue()).isEqualTo(128 + 2);
    assertThat(folder.resolve("report.html")).hasContent("old");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("small.onnx", "report.html", "err");
    }
  }
}
