package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The completion in real shells. */
class CompletionCommandTest {

  private static final Path BASH = Path.of("/bin/bash");

  @TempDir Path directory;

  @Test
  void bashCompletesCommandsOptionsAndModels() throws Exception {
    assumeTrue(Files.isExecutable(BASH), "needs bash");

    assertThat(complete("comp")).contains("compare");
    assertThat(complete("profile", "--prec")).contains("--precision");
    assertThat(complete("count", "resnet10")).contains("resnet101");
    assertThat(complete("profile", "--format", "ma").trim()).isEqualTo("markdown");
    assertThat(complete("profile", "--precision", "f")).contains("fp32", "fp16");
  }

  @Test
  void zshTurnsOnBashsCompletionsFirst() {
    assertThat(script("zsh")).startsWith("autoload -Uz compinit bashcompinit");
  }

  @Test
  void anotherShellIsRefused() {
    Flop fish = Flop.run("completion", "fish");
    assertThat(fish.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(fish.err()).contains("bash or zsh, not 'fish'");
  }

  private static String script(String shell) {
    Flop script = Flop.run("completion", shell);
    assertThat(script.code()).isZero();
    return script.out();
  }

  /** The completions that bash offers for these words, the last of which is being typed. */
  private String complete(String... words) throws IOException, InterruptedException {
    Path file = directory.resolve("completion.bash");
    Files.writeString(file, script("bash"));
    String typed = String.join(" ", words);
    String ask =
        "source "
            + file
            + "; COMP_WORDS=(flopmeter "
            + typed
            + "); COMP_CWORD="
            + words.length
            + "; COMP_LINE='flopmeter "
            + typed
            + "'; COMP_POINT=${#COMP_LINE}; _flopmeter_with_models flopmeter; printf '%s '"
            + " \"${COMPREPLY[@]}\"";
    Process bash =
        new ProcessBuilder(BASH.toString(), "-c", ask)
            .redirectError(ProcessBuilder.Redirect.DISCARD) // there is no terminal for completion
            .start();
    String offered = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return offered;
  }
}
