package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loaded classes, which determine how quickly short commands start; no time is measured. */
class ColdStartIT {
  private static final Pattern LOADED = Pattern.compile("(\\S+) source: (.*)");
  private static final int MOST_CLASSES = 800;

  @TempDir Path folder;

  @Test
  void aCountLoadsFewClassesAndAllFromTheArchive() throws IOException {
    Path archive =
        InstalledRun.HOME.resolve("lib/flopmeter-" + System.getProperty("java.version") + ".jsa");
    assumeTrue(Files.exists(archive), () -> "no " + archive);
    assumeTrue(Runtime.version().feature() < 24, "later Javas load the whole archive at once");
    InstalledRun.of(
            folder,
            "FLOPMETER_JAVA_OPTS=-Xlog:class+load:file=classes \"$F\" count resnet50 >out.txt")
        .endedQuietlyWith(0);

    List<String> classes = new ArrayList<>();
    List<String> outside = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("classes"))) {
      Matcher loaded = LOADED.matcher(line);
      if (loaded.find()) {
        classes.add(loaded.group(1));
        if (!loaded.group(2).startsWith("shared objects file")) {
          outside.add(loaded.group(1));
        }
      }
    }
    assertThat(classes).contains("dev.flopmeter.cli.Main").hasSizeLessThan(MOST_CLASSES);
    assertThat(outside).isEmpty();
    // At most exceptions of libraries, which the verifier loads where they are caught.
    assertThat(classes)
        .filteredOn(
            name -> !name.matches("(java|javax|jdk|sun|com\\.sun\\.jna|dev\\.flopmeter)\\..*"))
        .allMatch(name -> name.endsWith("Exception"));
  }

  @Test
  void anotherCompilerCanBeChosen() {
    InstalledRun.of(
            folder, "FLOPMETER_JAVA_OPTS=-XX:TieredStopAtLevel=4 \"$F\" count resnet50 >out.txt")
        .endedQuietlyWith(0);
  }
}
