package dev.flopmeter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What users read is plain English: phrases that read like a translation do not come back. Texts
 * are the string literals of the main code, its resources, and all documents, dashboards and
 * samples of configuration.
 */
class PlainEnglishTest {

  private static final Pattern REFUSED =
      Pattern.compile(
          Stream.of(
                  "Mind this",
                  "Nothing that these figures support",
                  "must not be believed",
                  "what is not comparable",
                  "is no share",
                  "check the configuration and end",
                  "longer than nothing",
                  "out of all proportion",
                  "beat in time",
                  "left alone",
                  "go when there are more",
                  "0 is well",
                  "this Java tells",
                  "is no address",
                  "do not fit together",
                  "give --\\S+ more",
                  "results came",
                  "goes on after",
                  "is made again",
                  "in silence",
                  "prints where",
                  "would be strangers",
                  "to be given back",
                  "no news",
                  "what a result broke",
                  "kin",
                  "fails and fails",
                  "What would help",
                  "Where the time goes",
                  "of ours",
                  "such as it is",
                  "somebody",
                  "means? nothing",
                  "taken for an attack",
                  "again and again",
                  "whether it may be believed",
                  "how it feels",
                  "for ever",
                  "in small letters",
                  "nobody",
                  "vouch(es)? for",
                  "come again",
                  "at hand",
                  "one a line",
                  "goes on from",
                  "in vain",
                  "as it were",
                  "anew",
                  "of its own accord",
                  "thrown away",
                  "whatever")
              .collect(Collectors.joining("|", "\\b(", ")\\b")),
          Pattern.CASE_INSENSITIVE);

  private static final Pattern JOINED = Pattern.compile("\"\\s*\\+\\s*\"");
  private static final Pattern LITERAL =
      Pattern.compile("\"\"\"(.*?)\"\"\"|\"((?:\\\\.|[^\"\\\\\n])*)\"", Pattern.DOTALL);

  private static List<String> texts(Path file) throws IOException {
    String all = Files.readString(file);
    if (!file.toString().endsWith(".java")) {
      return List.of(all.replaceAll("\\s+", " "));
    }
    return LITERAL
        .matcher(JOINED.matcher(all).replaceAll(""))
        .results()
        .map(literal -> literal.group(1) == null ? literal.group(2) : literal.group(1))
        .toList();
  }

  private static List<String> refused(String text) {
    return REFUSED.matcher(text).results().map(MatchResult::group).toList();
  }

  private static List<Path> files(String root, String endings) throws IOException {
    try (Stream<Path> all = Files.walk(Path.of(root))) {
      return all.filter(Files::isRegularFile)
          .filter(file -> file.toString().matches(".*\\.(" + endings + ")"))
          .toList();
    }
  }

  @Test
  void noTextForUsersReadsLikeATranslation() throws IOException {
    List<Path> files = new ArrayList<>(files("src/main", "java|jte|css|js|json|csv|txt|h|c|cu"));
    files.addAll(files("docs", "md"));
    files.addAll(files("grafana", "md|json"));
    files.addAll(files("config", "md|json|ya?ml|service|conf"));
    files.addAll(List.of(Path.of("README.md"), Path.of("CONTRIBUTING.md")));
    List<String> found = new ArrayList<>();
    for (Path file : files) {
      for (String text : texts(file)) {
        refused(text).forEach(phrase -> found.add(file + ": " + phrase));
      }
    }
    assertThat(files).hasSizeGreaterThan(400);
    assertThat(found).isEmpty();
  }

  @Test
  void aPhraseIsFoundThoughItsLiteralIsBrokenIntoLines() throws IOException {
    Path file = Files.createTempFile("Phrase", ".java");
    Files.writeString(
        file, "  // whatever\n  fail(\"the key and it do not \"\n      + \"fit together\");");
    assertThat(texts(file).stream().flatMap(text -> refused(text).stream()))
        .containsExactly("do not fit together");
    Files.delete(file);
  }
}
