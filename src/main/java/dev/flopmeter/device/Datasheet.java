package dev.flopmeter.device;

import dev.flopmeter.text.Csv;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The vendors' peaks, from {@code gpu-peaks.csv} beside this class. A device whose name matches no
 * row has no datasheet; it never gets the figures of a similar card.
 */
public final class Datasheet {
  private static final String RESOURCE = "gpu-peaks.csv";

  /** A slice of a card carries the whole card's name, and a laptop's chip the desktop card's. */
  private static final Pattern PART_OF_A_CARD =
      Pattern.compile("\\bMIG\\b|Laptop|Mobile|Max-Q Design|vGPU|GRID");

  private final List<Card> cards;

  private Datasheet(List<Card> cards) {
    this.cards = cards;
  }

  /**
   * One row.
   *
   * @param name the card, as a reader knows it
   * @param match finds it in the name that the driver reports
   * @param smCount multiprocessors; null where unknown
   * @param boostHz SM clock at which the tensor rates are stated; null where unknown
   * @param flopsPerSecond dense peaks by precision: {@code fp32}, {@code tf32}, {@code fp16},
   *     {@code bf16}, {@code fp8}, {@code int8}; a precision without a known peak is missing
   * @param source where the figures come from
   */
  public record Card(
      String name,
      Pattern match,
      String computeCapability,
      @Nullable Integer smCount,
      @Nullable Double boostHz,
      Map<String, Double> flopsPerSecond,
      double bytesPerSecond,
      String source) {
    public Card {
      flopsPerSecond = Map.copyOf(flopsPerSecond);
    }
  }

  /** Reads the table that comes with the application. */
  public static Datasheet load() {
    try (InputStream in =
            Objects.requireNonNull(Datasheet.class.getResourceAsStream(RESOURCE), RESOURCE);
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      List<List<String>> rows =
          lines.lines().filter(line -> !line.startsWith("#")).map(Csv::split).toList();
      List<Card> cards = new ArrayList<>();
      for (List<String> row : rows.subList(1, rows.size())) {
        cards.add(card(rows.get(0), row));
      }
      return new Datasheet(List.copyOf(cards));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Card card(List<String> header, List<String> row) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (int i = 0; i < header.size(); i++) {
      fields.put(header.get(i), row.get(i));
    }
    Map<String, Double> peaks = new LinkedHashMap<>();
    fields.forEach(
        (field, value) -> {
          boolean isPeak = field.endsWith("_tflops") || field.endsWith("_tops");
          if (isPeak && !value.isEmpty()) {
            peaks.put(field.substring(0, field.indexOf('_')), Double.parseDouble(value) * 1e12);
          }
        });
    return new Card(
        text(fields, "device"),
        Pattern.compile(text(fields, "match")),
        text(fields, "compute_capability"),
        text(fields, "sm_count").isEmpty() ? null : Integer.valueOf(text(fields, "sm_count")),
        text(fields, "boost_mhz").isEmpty()
            ? null
            : Double.parseDouble(text(fields, "boost_mhz")) * 1e6,
        peaks,
        Double.parseDouble(text(fields, "memory_gbps")) * 1e9,
        text(fields, "source"));
  }

  private static String text(Map<String, String> fields, String field) {
    return Objects.requireNonNull(fields.get(field), field);
  }

  public List<Card> cards() {
    return cards;
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
