package dev.flopmeter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every link of a document to a file of the project, and to a heading in it, resolves. */
class DocumentLinksTest {
  private static final Pattern FENCED = Pattern.compile("(?ms)^ *```.*?^ *```");
  private static final Pattern CODE = Pattern.compile("`[^`\n]*`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s#]*)(?:#([^)\\s]*))?\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.*?) *$");
  private static final Pattern ELSEWHERE = Pattern.compile("[a-z]+:.*");

  @TempDir Path folder;

  @Test
  void everyLinkOfTheDocumentsResolves() throws IOException {
    List<Path> documents = documents();
    List<String> broken = new ArrayList<>();
    for (Path document : documents) {
      broken.addAll(broken(document));
    }
    assertThat(documents).hasSizeGreaterThan(15);
    assertThat(broken).isEmpty();
  }

  @Test
  void aMissingFileAndAMissingHeadingAreFound() throws IOException {
    Files.writeString(folder.resolve("other.md"), "# What `--run` does\n```\n# No heading\n```\n");
    Path page = folder.resolve("page.md");
    Files.writeString(
        page,
        """
        ## Top
        [good](other.md#what---run-does) [good](#top) [good](https://example.com/x#y) `[code](no.md)`
        [bad](absent.md) [bad](other.md#no-heading) [bad](#bottom)
        """);
    assertThat(broken(page))
        .containsExactly(page + ": absent.md", page + ": other.md#no-heading", page + ": #bottom");
  }

  private static List<Path> documents() throws IOException {
    List<Path> all = new ArrayList<>(List.of(Path.of("README.md"), Path.of("CONTRIBUTING.md")));
    for (String root : List.of("docs", "grafana", "config", "src")) {
      try (Stream<Path> files = Files.walk(Path.of(root))) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(all::add);
      }
    }
    return all;
  }

  private static List<String> broken(Path document) throws IOException {
    String text = CODE.matcher(prose(document)).replaceAll("");
    List<String> broken = new ArrayList<>();
    for (MatchResult link : LINK.matcher(text).results().toList()) {
      if (!ELSEWHERE.matcher(link.group(1)).matches() && !resolves(document, link)) {
        broken.add(document + ": " + link.group().substring(2, link.group().length() - 1));
      }
    }
    return broken;
  }

  private static boolean resolves(Path document, MatchResult link) throws IOException {
    Path target =
        link.group(1).isEmpty() ? document : document.resolveSibling(link.group(1)).normalize();
    if (link.group(2) == null) {
      return Files.exists(target);
    }
    return Files.isRegularFile(target) && anchors(target).contains(link.group(2));
  }

  /** The anchors that GitHub gives to the headings of a document. */
  private static List<String> anchors(Path document) throws IOException {
    return HEADING
        .matcher(prose(document))
        .results()
        .map(heading -> heading.group(1).toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .toList();
  }

  private static String prose(Path document) throws IOException {
    return FENCED.matcher(Files.readString(document)).replaceAll("");
  }
}
