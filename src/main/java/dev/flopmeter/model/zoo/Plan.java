package dev.flopmeter.model.zoo;

import java.util.Arrays;
import java.util.List;

/**
 * The numbers of a network in {@code networks.csv}.
 *
 * @param whole of the whole network
 * @param stages of each stage, block or module
 */
@SuppressWarnings("ArrayRecordComponent") // never changed, never compared
record Plan(double[] whole, List<long[]> stages) {
  /** Parses numbers of the whole network and of two stages: {@code 1 0.5; 3 64; 3 128}. */
  static Plan parse(String text) {
    List<String> rows = Arrays.asList(text.split(";", -1));
    return new Plan(
        numbers(rows.get(0)), rows.stream().skip(1).map(row -> longs(numbers(row))).toList());
  }

  private static double[] numbers(String row) {
    return Arrays.stream(row.trim().split(" ", -1))
        .filter(word -> !word.isEmpty())
        .mapToDouble(Double::parseDouble)
        .toArray();
  }

  private static long[] longs(double[] numbers) {
    return Arrays.stream(numbers).mapToLong(number -> (long) number).toArray();
  }

  double real(int index) {
    return whole[index];
  }

  long number(int index) {
    return (long) whole[index];
  }

  /** The numbers of the whole network from {@code first} on, such as the depth of each stage. */
  long[] from(int first) {
    return longs(Arrays.copyOfRange(whole, first, whole.length));
  }
}
