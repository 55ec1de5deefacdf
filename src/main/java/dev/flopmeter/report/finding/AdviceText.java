package dev.flopmeter.report.finding;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.text.Csv;
import dev.flopmeter.units.Figures;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Recommendations on a result, in the words of {@code advice.csv}. */
final class AdviceText {
  private static final Pattern WORD = Pattern.compile("\\{([a-z_]+)}");

  /** Kind, guess, title, evidence, gain and command, by cause. */
  private static final Map<String, List<String>> ROWS = new HashMap<>();

  static {
    for (List<String> row : Csv.rows(AdviceText.class, "advice.csv")) {
      for (String label : row.get(0).split("\\|", -1)) {
        ROWS.put(label, row.subList(1, row.size()));
      }
    }
  }

  private final Map<String, Object> words = new HashMap<>();

  /** The placeholders that every recommendation may use. */
  AdviceText(ProfileResult result) {
    TestCommand test = new TestCommand(result);
    words.put("again", test.again());
    words.put("fused", test.fused());
    words.put("full_search", test.with("--search", "full"));
    words.put("other_runtimes", test.otherRuntimes());
    words.put("changed_model", test.changedModel());
    words.put("precision", result.run().precision());
    words.put("batch", result.run().batch());
  }

  AdviceText with(String word, Object value) {
    words.put(word, value);
    return this;
  }

  /**
   * @param saved the share of a pass' time it could save at most
   */
  Stream<Advice> advise(String key, double saved) {
    List<String> row = Objects.requireNonNull(ROWS.get(key), key);
    words.put("saved", Figures.percent(saved));
    List<String> texts = row.stream().skip(2).map(this::filled).toList();
    return Stream.of(
        new Advice(
            row.get(0),
            texts.get(0),
            texts.get(1),
            texts.get(2),
            texts.get(3),
            !row.get(1).isEmpty(),
            saved));
  }

  /** Values also come from model files, so inserted text is not expanded again. */
  private String filled(String text) {
    return WORD.matcher(text)
        .replaceAll(
            found -> {
              Object word = Objects.requireNonNull(words.get(found.group(1)), found.group());
              return Matcher.quoteReplacement(word.toString());
            });
  }
}
