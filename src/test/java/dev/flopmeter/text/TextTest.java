package dev.flopmeter.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Texts from model files, libraries and people. */
class TextTest {

  @Test
  void aTextIsCutBetweenCharacters() {
    assertThat(Cut.end("abcd", 4)).isEqualTo("abcd");
    assertThat(Cut.end("abcde", 4)).isEqualTo("abcd…");
    assertThat(Cut.start("abcde", 4)).isEqualTo("…cde");
    assertThat(Cut.end("\uD83D\uDE00\uD83D\uDE00", 1)).isEqualTo("\uD83D\uDE00…");
    assertThat(Cut.start("\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00", 2)).isEqualTo("…\uD83D\uDE00");
    assertThat(Cut.name("x".repeat(121))).isEqualTo("x".repeat(120) + "…");
  }

  @Test
  void nothingBreaksALineOrSteersATerminal() {
    assertThat(Printable.of("conv1/weights")).isEqualTo("conv1/weights");
    assertThat(Printable.of("größe 層")).isEqualTo("größe 層");
    assertThat(Printable.of("a\u001b[31m\nb\u202ec\uD800"))
        .isEqualTo("a\uFFFD[31m\uFFFDb\uFFFDc\uFFFD");
    assertThat(Printable.oneLine(" first \r\n  second\u0007\n")).isEqualTo("first second\uFFFD");
  }

  @Test
  void aLineOfCsvIsReadAsItWasWritten() {
    List<String> fields = List.of("conv,1", "a \"b\"", "", "plain", "two\nlines");
    String line = Csv.line(fields);
    assertThat(line).isEqualTo("\"conv,1\",\"a \"\"b\"\"\",,plain,\"two\nlines\"\r\n");
    assertThat(Csv.split(line.substring(0, line.length() - 2))).isEqualTo(fields);
  }

  /** {@link Resource} copies their bytes without decoding them. */
  @Test
  void theTextsOfTheApplicationAreAscii() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/resources/dev/flopmeter"))) {
      List<Path> texts = files.filter(Files::isRegularFile).toList();
      assertThat(texts).hasSizeGreaterThan(40);
      for (Path text : texts) {
        assertThat(Files.readString(text)).as(text.toString()).isASCII();
      }
    }
  }

  /** Otherwise a text is cut at its comma and what follows it is lost. */
  @Test
  void aTextWithACommaIsQuotedInEveryTable() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/resources/dev/flopmeter"))) {
      List<Path> tables = files.filter(file -> file.toString().endsWith(".csv")).toList();
      assertThat(tables).hasSizeGreaterThan(10);
      for (Path table : tables) {
        List<String> rows =
            Files.readAllLines(table).stream().filter(line -> !line.startsWith("#")).toList();
        assertThat(rows.stream().flatMap(row -> Csv.split(row).stream()))
            .as(table.toString())
            .noneMatch(field -> field.startsWith(" "));
      }
    }
  }

  @Test
  void aNameIsNotAFormulaInASpreadsheet() {
    assertThat(Csv.line(List.of("=1+1", "-x", "@y", "1-1"))).isEqualTo("'=1+1,'-x,'@y,1-1\r\n");
  }

  @Test
  void theNearestNameIsFoundWhateverTheCase() {
    List<String> known = List.of("resnet18", "resnet50", "vgg16");
    assertThat(NearestName.of("ResNet5", known)).contains("resnet50");
    assertThat(NearestName.of("vg16", known)).contains("vgg16");
    assertThat(NearestName.of("resnet", known)).as("the first that holds it").contains("resnet18");
    assertThat(NearestName.question("frobnicate", known)).isEqualTo("; ");
  }
}
