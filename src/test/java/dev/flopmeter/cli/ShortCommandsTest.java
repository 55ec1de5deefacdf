package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that do not run a model load no libraries for running one. */
class ShortCommandsTest {
  private static final Pattern LOADED = Pattern.compile("\\] ([\\w.$]+)");
  private static final List<String> OWN =
      List.of("java.", "javax.", "jdk.", "sun.", "com.sun.", "dev.flopmeter.");

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "--version, none",
    "help, picocli.",
    "count --help, picocli.",
    "units 16.5G, picocli.",
    "models, none",
    "count resnet50, none",
    "count resnet50 --convention all, none",
    "'count resnet50 --batch 1,8', picocli.",
    "count no-such-model, picocli.",
    "count resnet50 --format json, tools.jackson.core.",
  })
  void loadsNoOtherLibrary(String command, String library) throws Exception {
    List<String> others =
        classesOf(command)
            .filter(name -> OWN.stream().noneMatch(name::startsWith))
            // The verifier loads exceptions where they are caught.
            .filter(name -> !name.startsWith(library) && !name.endsWith("Exception"))
            .toList();
    assertThat(others).isEmpty();
  }

  /**
   * Java 17 takes a third of a millisecond to link a lambda: a hundred are half a short command.
   */
  @ParameterizedTest
  @ValueSource(strings = {"--version", "models", "count resnet50", "count resnet50 --format csv"})
  void linksNoLambda(String command) throws Exception {
    Stream<String> classes = classesOf(command).filter(name -> name.startsWith("dev.flopmeter."));
    assertThat(classes.filter(name -> name.contains("$$Lambda"))).isEmpty();
  }

  private Stream<String> classesOf(String command) throws IOException, InterruptedException {
    Path log = folder.resolve("classes");
    Process process =
        new ProcessBuilder(
                Stream.concat(
                        Stream.of(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-Xlog:class+load:file=" + log,
                            "-cp",
                            System.getProperty("java.class.path"),
                            "dev.flopmeter.cli.Main"),
                        Stream.of(command.split(" ")))
                    .toList())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor()).isEqualTo(command.contains("no-such") ? 2 : 0);
    List<String> classes =
        LOADED.matcher(Files.readString(log)).results().map(found -> found.group(1)).toList();
    assertThat(classes).contains("dev.flopmeter.cli.Main");
    return classes.stream();
  }
}
