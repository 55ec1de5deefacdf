package dev.flopmeter.run.cudnn.driver;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.text.Csv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jcuda.jcudnn.cudnnBackendAttributeName;
import jcuda.jcudnn.cudnnBackendDescriptorType;
import org.junit.jupiter.api.Test;

/** The names that code and {@code descriptors.csv} use for cuDNN's graph API. */
class DescriptorNamesTest {
  private static final List<List<String>> ROWS =
      Csv.rows(BackendDescriptor.class, "descriptors.csv");
  private static final Map<String, Set<String>> ATTRIBUTES =
      ROWS.stream().collect(groupingBy(row -> row.get(0), mapping(row -> row.get(2), toSet())));
  private static final Path CODE = Path.of("src/main/java/dev/flopmeter/run/cudnn");

  /** A statement that creates a descriptor or an operation and sets its attributes. */
  private static final Pattern MADE =
      Pattern.compile("(?:\\bdescriptor|(?<![.\\w])add)\\(([^;]*?)\\)([^;]*);");

  private static final Pattern USED =
      Pattern.compile("\\.(?:set|get|fill|setText|getText)\\(\\s*(?:[^,\";]*\\? )?(\"[^,;)]*)");
  private static final Pattern WORD = Pattern.compile("\"([a-z ]+)\"");

  private static String code() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(CODE)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
        all.append(Files.readString(file));
      }
    }
    return all.toString();
  }

  private static Set<String> words(Pattern within, String text) {
    return within
        .matcher(text)
        .results()
        .flatMap(found -> WORD.matcher(found.group(1)).results())
        .map(found -> found.group(1))
        .collect(toSet());
  }

  @Test
  void codeAndTableNameTheSameDescriptorsAndAttributes() throws IOException {
    Set<String> kinds = new TreeSet<>();
    for (MatchResult made : MADE.matcher(code()).results().toList()) {
      for (MatchResult named : WORD.matcher(made.group(1)).results().toList()) {
        String kind = named.group(1);
        String what = kind.split(" ", 2)[0];
        Set<String> known = new HashSet<>(ATTRIBUTES.getOrDefault(kind, Set.of()));
        if (ATTRIBUTES.containsKey(what)) { // an operation's name starts with what it does
          kinds.add(what);
          known.addAll(ATTRIBUTES.get(what));
        }
        assertThat(known).as(kind).containsAll(words(USED, made.group(2)));
        kinds.add(kind);
      }
    }
    assertThat(kinds).isEqualTo(ATTRIBUTES.keySet());
    assertThat(words(USED, code()))
        .isEqualTo(ROWS.stream().map(row -> row.get(2)).collect(toSet()));
  }

  /** JCudnn has those of cuDNN 8; later ones have higher numbers or are in between. */
  @Test
  void numbersAreThoseOfTheHeaders() {
    Set<String> unknown = new TreeSet<>();
    for (List<String> row : ROWS) {
      String attribute = cudnnBackendAttributeName.stringFor(Integer.parseInt(row.get(3)));
      String kind = cudnnBackendDescriptorType.stringFor(Integer.parseInt(row.get(1)));
      Matcher known = Pattern.compile("CUDNN_BACKEND_(\\w+)_DESCRIPTOR").matcher(kind);
      if (known.matches() && attribute.startsWith("CUDNN_ATTR_")) {
        String prefix = known.group(1).replace("BACKWARD", "BWD");
        assertThat(attribute).as(row.toString()).startsWith("CUDNN_ATTR_" + prefix + "_");
      } else {
        unknown.add(row.get(0));
      }
    }
    assertThat(unknown)
        .containsExactly(
            "configuration",
            "normalization",
            "plan",
            "pointwise",
            "pointwise operation",
            "resample",
            "resample operation");
  }

  @Test
  void everyAttributeHasItsOwnNumberAndEveryTypeOneSize() {
    assertThat(ROWS).extracting(row -> row.get(3)).doesNotHaveDuplicates();
    assertThat(ROWS.stream().map(row -> row.subList(0, 2)).distinct().map(row -> row.get(0)))
        .doesNotHaveDuplicates();
    assertThat(ROWS.stream().map(row -> row.subList(4, 6)).distinct().map(row -> row.get(0)))
        .doesNotHaveDuplicates();
  }
}
