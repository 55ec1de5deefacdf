package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A full disk behind standard output is reported by every command; a closed pipe is not. */
class StandardOutputTest {
  private static final String PROFILE =
      "profile squeezenet1_1 --device cpu --no-roof --no-check --max-time 50ms";

  @TempDir static Path folder;

  @BeforeAll
  static void profileToCompare() {
    List<String> words = List.of(PROFILE.split(" "));
    String[] args = new String[words.size() + 4];
    words.toArray(args);
    args[words.size()] = "--format";
    args[words.size() + 1] = "json";
    args[words.size() + 2] = "-o";
    args[words.size() + 3] = folder.resolve("base.json").toString();
    assertThat(Flop.run(args).code()).isZero();
  }

  /** Fails every write, like a file on a full disk or a pipe without a reader. */
  private record Failing(String reason) {
    OutputStream stream() {
      return new OutputStream() {
        @Override
        public void write(int value) throws IOException {
          throw new IOException(reason);
        }
      };
    }
  }

  private static String[] words(String command) {
    return command
        .replace("PROFILE", PROFILE)
        .replace("BASE", folder.resolve("base.json").toString())
        .split(" ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "count resnet18",
        "count resnet18 --format json",
        "count resnet18 --format csv",
        "count resnet18 --format markdown",
        "count resnet18 --convention all",
        "PROFILE",
        "PROFILE --format json",
        "PROFILE --format jsonl",
        "PROFILE --format csv",
        "PROFILE --format markdown",
        "PROFILE --format html",
        "compare BASE BASE --force",
        "compare BASE BASE --force --format json",
        "compare BASE BASE --force --format markdown",
        "compare BASE BASE --force --format html",
        "devices",
        "devices --format json",
        "doctor",
        "models",
        "units 16.5G",
        "completion bash",
        "completion zsh",
        "help",
        "help count",
        "--help",
        "count --help",
        "--version",
        "profile --version",
      })
  void aFailedWriteIsReported(String command) {
    Flop full = Flop.into(new Failing("No space left on device").stream(), words(command));

    assertThat(full.err())
        .contains("flopmeter: standard output: cannot be written: No space left on device\n")
        .doesNotContain("Exception");
    assertThat(full.code()).isEqualTo(3);

    Flop gone = Flop.into(new Failing("Broken pipe").stream(), words(command));

    assertThat(gone.err()).doesNotContain("cannot be written").doesNotContain("Exception");
    assertThat(gone.code()).isEqualTo(command.equals("doctor") ? Flop.run("doctor").code() : 0);
  }
}
