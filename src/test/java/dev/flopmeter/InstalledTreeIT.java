package dev.flopmeter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** All files that a file of the installed application refers to are installed, too. */
class InstalledTreeIT {
  private static final Path HOME =
      Path.of(System.getProperty("flopmeter.home", "target/flopmeter")).toAbsolutePath();

  /** {@code [text](target)} and {@code ![text](target)}, relative to the file. */
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s:]+)(?:#[^)]*)?\\)");

  /** Paths from the root of the application, in comments and running text. */
  private static final Pattern PATH =
      Pattern.compile(
          "(?<![\\w./-])((?:docs|config|grafana)/[\\w./-]+\\.(?:md|ya?ml|json|png)"
              + "|config/(?:Containerfile|prometheus|kubernetes|systemd)|README\\.md)");

  private static List<Path> texts() throws IOException {
    try (Stream<Path> files = Files.walk(HOME)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.startsWith(HOME.resolve("lib")))
          .filter(file -> !file.toString().endsWith(".png"))
          .toList();
    }
  }

  @Test
  void everyReferenceLeadsSomewhere() throws IOException {
    List<String> missing = new ArrayList<>();
    int found = 0;
    for (Path file : texts()) {
      String text = Files.readString(file);
      Path folder = file.getParent();
      for (Matcher link = LINK.matcher(text); link.find(); found++) {
        if (!Files.exists(folder.resolve(link.group(1)).normalize())) {
          missing.add(HOME.relativize(file) + ": " + link.group(1));
        }
      }
      for (Matcher path = PATH.matcher(text); path.find(); found++) {
        if (!Files.exists(HOME.resolve(path.group(1)))
            && !Files.exists(folder.resolve(path.group(1)))) {
          missing.add(HOME.relativize(file) + ": " + path.group(1));
        }
      }
    }
    assertThat(missing).isEmpty();
    assertThat(found).as("references").isGreaterThan(40);
  }

  /** The documents that the program itself refers to. */
  @Test
  void documentsNamedByTheProgramAreInstalled() throws IOException {
    List<String> missing = new ArrayList<>();
    Pattern named = Pattern.compile("\"[^\"\\n]*?(docs/[\\w-]+\\.md)");
    try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
      for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
        for (Matcher name = named.matcher(Files.readString(source)); name.find(); ) {
          if (!Files.exists(HOME.resolve(name.group(1)))) {
            missing.add(source + ": " + name.group(1));
          }
        }
      }
    }
    assertThat(missing).isEmpty();
  }
}
