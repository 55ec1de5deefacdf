package dev.flopmeter.serve.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gauges that come and go with what they describe. Each belongs to an owner; giving an owner new
 * rows changes values in place, adds what is new and removes what is gone. There are never more
 * than the limit: rows that exceed it are left out and counted.
 *
 * <p>Not thread-safe; the values may be read by any thread.
 */
final class GaugeTable {
  private record Series(String name, Tags tags) {}

  private static final class Cell {
    volatile double value;
    final List<Gauge> gauges = new ArrayList<>(1);
  }

  private final List<MeterRegistry> registries;
  private final Map<Object, Map<Series, Cell>> owners = new LinkedHashMap<>();
  private final Map<Object, Integer> dropped = new HashMap<>();
  private int limit;
  private int size;

  GaugeTable(List<MeterRegistry> registries, int limit) {
    this.registries = List.copyOf(registries);
    this.limit = limit;
  }

  void limit(int most) {
    limit = most;
  }

  int limit() {
    return limit;
  }

  int size() {
    return size;
  }

  int dropped() {
    return dropped.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Makes {@code rows} all that an owner has; the first ones are the last to be left out. */
  void replace(Object owner, List<Row> rows) {
    Map<Series, Cell> before = owners.getOrDefault(owner, Map.of());
    size -= before.size();
    Map<Series, Cell> after = new LinkedHashMap<>();
    int over = 0;
    for (Row row : rows) {
      if (size + after.size() >= limit) {
        over++;
        continue;
      }
      Series series = new Series(row.metric().name(), row.tags());
      Cell cell = before.get(series);
      if (cell == null) {
        cell = register(row);
      }
      cell.value = row.value();
      after.put(series, cell);
    }
    size += after.size();
    before.forEach(
        (series, cell) -> {
          if (!after.containsKey(series)) {
            remove(cell);
          }
        });
    if (after.isEmpty()) {
      owners.remove(owner);
    } else {
      owners.put(owner, after);
    }
    if (over == 0) {
      dropped.remove(owner);
    } else {
      dropped.put(owner, over);
    }
  }

  void remove(Object owner) {
    replace(owner, List.of());
  }

  private Cell register(Row row) {
    Cell cell = new Cell();
    for (MeterRegistry registry : registries) {
      cell.gauges.add(
          Gauge.builder(row.metric().name(), cell, from -> from.value)
              .description(row.metric().help())
              .baseUnit(row.metric().unit().isEmpty() ? null : row.metric().unit())
              .tags(row.tags())
              .register(registry));
    }
    return cell;
  }

  private void remove(Cell cell) {
    for (int i = 0; i < registries.size(); i++) {
      registries.get(i).remove(cell.gauges.get(i));
    }
  }
}
