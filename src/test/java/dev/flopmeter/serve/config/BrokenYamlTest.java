package dev.flopmeter.serve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are not a configuration, or not YAML. */
class BrokenYamlTest {
  @TempDir private Path folder;

  private ServeConfig read(String yaml) throws ConfigException, IOException {
    return new ConfigFolder(folder).read(yaml);
  }

  private String problems(String yaml) {
    return new ConfigFolder(folder).problems(yaml);
  }

  @Test
  void aFileWithoutASizeIsReadNoFurtherThanAConfigurationMayBe() {
    assertThat(
            catchThrowableOfType(
                ConfigException.class,
                () -> new ConfigFolder(folder).reader().read(Path.of("/dev/zero"))))
        .hasMessage("/dev/zero: is larger than 1MiB, too large for a configuration");
  }

  @Test
  void ofVeryManyErrorsTheFirstAreNamedAndTheOthersCounted() {
    String keys =
        IntStream.range(0, 5000).mapToObj(i -> "k" + i + ": 1\n").collect(Collectors.joining());
    List<String> lines = problems("workloads: {a: {model: m}}\n" + keys).lines().toList();
    assertThat(lines).hasSize(101).endsWith("f.yaml: 4900 more errors");
    assertThat(lines.get(0)).startsWith("f.yaml:2: k0: unknown key");
  }

  @Test
  void aMessageIsShortHoweverLongTheValueIs() {
    String workloads = "workloads: {a: {model: m}}\n";
    assertThat(problems(workloads + "http: {listen: " + "y".repeat(100_000) + "}"))
        .hasSizeLessThan(600)
        .startsWith("f.yaml:2: http.listen: \"yyy")
        .endsWith("expected ADDRESS:PORT, for example 127.0.0.1:19400 or [::1]:19400");
    assertThat(problems(workloads + "? " + "k".repeat(100_000) + "\n: 1")).hasSizeLessThan(700);
  }

  @Test
  void halfACharacterIsNotText() {
    for (String key : List.of("history: {folder", "http: {web_config_file", "http: {names")) {
      assertThat(problems("workloads: {a: {model: m}}\n" + key + ": \"x\\ud800\"}"))
          .startsWith("f.yaml:2: ")
          .endsWith("is not Unicode text");
    }
  }

  @Test
  void invalidStructure() {
    assertThat(problems("x: &m {model: m}\nworkloads:\n  a: *m"))
        .isEqualTo("f.yaml:3: workloads.a: is a YAML alias; write the value out");
    assertThat(problems("- a")).startsWith("f.yaml:1: is a list at its top");
    assertThat(problems(""))
        .isEqualTo("f.yaml:1: workloads.NAME: is missing; name at least one workload");
    assertThat(problems("a: 1\na: 2")).contains("f.yaml:2: a: is already given in line 1");
    assertThat(
            catchThrowableOfType(
                ConfigException.class, () -> new ConfigFolder(folder).reader().read(folder)))
        .hasMessageContaining("is a directory");
    assertThat(
            catchThrowableOfType(
                ConfigException.class,
                () -> new ConfigFolder(folder).reader().read(folder.resolve("none.yaml"))))
        .hasMessageContaining("does not exist");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          workloads: {a: {model: m          | 1: is not valid YAML: a } or a comma is missing
          a: [1, 2                          | 1: is not valid YAML: a ] or a comma is missing
          workloads:\\n\\ta: {model: m}      | 2: is not valid YAML: a tab is used for indentation; use spaces
          a: b: c                           | 1: is not valid YAML: a colon is not allowed here; put the value in quotes
          a: "open                          | 1: is not valid YAML: the file ends inside quotes
          a: 'open                          | 1: is not valid YAML: the file ends inside quotes
          a: ]                              | 1: is not valid YAML: a value is missing
          a: {,}                            | 1: is not valid YAML: a value is missing
          ? [a, b]\\n: c                    | 1: is not valid YAML: a key must be a single word, not a list or a section
          {[a]: b}                          | 1: is not valid YAML: a key must be a single word, not a list or a section
          a: b\\nc\\nd: e                   | 3: is not valid YAML: a key is not followed by a colon
          a: - b                            | 1: is not valid YAML: a list item is not allowed here; start it on a separate line
          - a\\nb: 1                        | 2: is not valid YAML: the indentation does not match the lines before
          a:\\n  - b\\n c: d                | 3: is not valid YAML: the indentation does not match the lines before
          a: @b                             | 1: is not valid YAML: a value starts with a special character; put it in quotes
          a: %b                             | 1: is not valid YAML: a value starts with a special character; put it in quotes
          a: "\\q"                           | 1: is not valid YAML: an escape in double quotes is unknown; write \\\\ for a backslash
          a: "\\uZZZZ"                       | 1: is not valid YAML: an escape in double quotes is unknown; write \\\\ for a backslash
          a: \\u0001                         | 1: is not valid YAML: the file contains a control character
          a: >5x\\n  b                      | 1: is not valid YAML: only +, - or a digit may follow the sign of a text block
          a: !x!y b                         | 1: is not valid YAML: tags (!name) are not supported
          a: !<x y                          | 1: is not valid YAML: tags (!name) are not supported
          %YAML 3.0\\n---\\na: 1            | 1: is not valid YAML: directives (%NAME) are not supported
          a: 1\\n... junk                   | 2: is not valid YAML: the file holds more than one document; keep one
          a: 1\\n---\\nb: 2                 | 3: holds more than one document; keep one
          a: *nope                          | 1: a: is a YAML alias; write the value out
          *x                                | 1: is a YAML alias; write the value out
          a: &                              | 1: is not valid YAML: anchors, aliases and tags (&name, *name, !name) are not supported
          just a word                       | 1: is a value at its top; expected keys such as http:
          """)
  void brokenYamlIsOneLineInPlainWords(String yaml, String expected) {
    String text = yaml.replace("\\n", "\n").replace("\\t", "\t").replace("\\u0001", "\u0001");
    assertThat(problems(text)).isEqualTo("f.yaml:" + expected);
  }

  @Test
  void deepNestingIsOneLine() {
    assertThat(problems("[".repeat(3000))).isEqualTo("f.yaml:1: is nested deeper than 16 levels");
  }

  /** However a file is damaged, no message names a class of Java or of a library. */
  @Test
  void noDamageToAFileShowsJava() throws Exception {
    String good = Files.readString(Path.of("config/flopmeter.yaml"));
    Random random = new Random(11);
    String signs = "{}[]:,&*!|>'\"%@`#?-\t\n \\";
    for (int i = 0; i < 300; i++) {
      StringBuilder bad = new StringBuilder(good);
      for (int n = random.nextInt(4); n >= 0; n--) {
        bad.insert(random.nextInt(bad.length()), signs.charAt(random.nextInt(signs.length())));
      }
      try {
        read(bad.toString());
      } catch (ConfigException e) {
        assertThat(e.getMessage())
            .doesNotContain(
                "Exception", "tools.jackson", "Scalar", "+SEQ", "<block", "(TAB)", "()`");
      }
    }
  }
}
