package dev.flopmeter.device;

import dev.flopmeter.text.Csv;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The vendors' peaks, from {@code gpu-peaks.csv} beside this class. A device whose name matches no
 * row has no datasheet; it never gets the figures of a similar card.
 */
public record Datasheet(List<Card> cards) {
  /** The columns with a peak, in the table's order, after the first five. */
  private static final List<String> PRECISIONS =
      List.of("fp32", "tf32", "fp16", "bf16", "fp8", "int8");

  /** A slice of a card has the whole card's name, and a laptop's chip the desktop card's. */
  private static final Pattern PART_OF_A_CARD =
      Pattern.compile("\\bMIG\\b|Laptop|Mobile|Max-Q Design|vGPU|GRID");

  /**
   * One row.
   *
   * @param name the card's usual name
   * @param match finds it in the name that the driver reports
   * @param smCount multiprocessors; null where unknown
   * @param flopsPerSecond dense peaks by precision: {@code fp32}, {@code tf32}, {@code fp16},
   *     {@code bf16}, {@code fp8}, {@code int8}; a precision without a known peak is missing
   * @param source where the figures come from
   */
  public record Card(
      String name,
      Pattern match,
      @Nullable Integer smCount,
      Map<String, Double> flopsPerSecond,
      double bytesPerSecond,
      String source) {
    public Card {
      flopsPerSecond = Map.copyOf(flopsPerSecond);
    }

    private Optional<Card> part(int multiprocessors, double memory) {
      if (smCount == null) {
        return Optional.empty();
      }
      Map<String, Double> peaks = new LinkedHashMap<>(flopsPerSecond);
      peaks.replaceAll((precision, rate) -> rate * multiprocessors / smCount);
      String size = "%s of %s SMs".formatted(multiprocessors, smCount);
      return Optional.of(
          new Card(
              name + ", " + size, match, multiprocessors, peaks, bytesPerSecond * memory, source));
    }
  }

  /** Reads the table that comes with the application. */
  public static Datasheet load() {
    List<List<String>> rows = Csv.rows(Datasheet.class, "gpu-peaks.csv");
    return new Datasheet(rows.stream().map(Datasheet::card).toList());
  }

  private static Card card(List<String> row) {
    Map<String, Double> peaks = new LinkedHashMap<>();
    for (int i = 0; i < PRECISIONS.size(); i++) {
      String tera = row.get(5 + i);
      if (!tera.isEmpty()) {
        peaks.put(PRECISIONS.get(i), Double.parseDouble(tera) * 1e12);
      }
    }
    return new Card(
        row.get(0),
        Pattern.compile(row.get(1)),
        row.get(3).isEmpty() ? null : Integer.valueOf(row.get(3)),
        peaks,
        Double.parseDouble(row.get(11)) * 1e9,
        row.get(12));
  }

  /**
   * The share of its card that a MIG instance has; nothing for an unknown one.
   *
   * @param name of the card or the instance
   * @param memory share of the card's memory, and so of its bandwidth
   */
  public Optional<Card> find(String name, int multiprocessors, double memory) {
    return find(name.replaceFirst(" MIG .*", ""))
        .flatMap(card -> card.part(multiprocessors, memory));
  }

  /** The card that the driver calls {@code name}; nothing for an unknown one or a part of one. */
  public Optional<Card> find(String name) {
    if (PART_OF_A_CARD.matcher(name).find()) {
      return Optional.empty();
    }
    List<Card> found = cards.stream().filter(card -> card.match().matcher(name).find()).toList();
    return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
  }
}
