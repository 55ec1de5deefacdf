package dev.flopmeter.serve.metrics;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The series of the daemon except for histograms. They come and go with what they describe, which
 * is their owner; counters own themselves. Thread-safe.
 */
final class SeriesTable {
  private final Map<Object, List<Row>> owners = new LinkedHashMap<>();

  /** By series, in milliseconds since 1970. */
  private final Map<List<Object>, Long> created = new HashMap<>();

  /** Makes {@code rows} all that an owner has. */
  synchronized void replace(Object owner, List<Row> rows) {
    if (rows.isEmpty()) {
      owners.remove(owner);
    } else {
      owners.put(owner, rows);
    }
  }

  void remove(Object owner) {
    replace(owner, List.of());
  }

  synchronized void increase(Row by) {
    List<Row> before = owners.getOrDefault(by.series(), List.of());
    double sum = by.value() + before.stream().mapToDouble(Row::value).sum();
    owners.put(by.series(), List.of(new Row(by.metric(), by.labels(), sum)));
  }

  /** Takes away the owners of which all rows match. */
  synchronized void removeIf(Predicate<Row> filter) {
    owners.values().removeIf(rows -> rows.stream().allMatch(filter));
  }

  /** All rows; of two with the same labels the first. New counters are created {@code now}. */
  synchronized List<Row> rows(Instant now) {
    List<Row> rows = new ArrayList<>();
    Set<List<Object>> seen = new HashSet<>();
    for (List<Row> own : owners.values()) {
      for (Row row : own) {
        if (seen.add(row.series())) {
          boolean isCounter = row.metric().kind() == Metric.Kind.COUNTER;
          long since =
              isCounter ? created.computeIfAbsent(row.series(), key -> now.toEpochMilli()) : 0;
          rows.add(new Row(row.metric(), row.labels(), row.value(), since));
        }
      }
    }
    created.keySet().retainAll(seen);
    return rows;
  }
}
