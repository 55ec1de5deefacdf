package dev.flopmeter.serve.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Meters that come and go with what they describe. Each belongs to an owner; giving an owner new
 * rows changes values in place, adds what is new and removes what is gone.
 *
 * <p>Not thread-safe; the values may be read by any thread.
 */
final class MeterTable {
  private record Series(String name, Tags tags) {}

  private static final class Cell {
    volatile double value;
    @Nullable Meter meter;
  }

  private final MeterRegistry registry;
  private final Map<Object, Map<Series, Cell>> owners = new HashMap<>();

  MeterTable(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Makes {@code rows} all that an owner has. */
  void replace(Object owner, List<Row> rows) {
    Map<Series, Cell> before = owners.getOrDefault(owner, Map.of());
    Map<Series, Cell> after = new LinkedHashMap<>();
    for (Row row : rows) {
      Series series = new Series(row.metric().name(), row.tags());
      Cell cell = before.containsKey(series) ? before.get(series) : register(row);
      cell.value = row.value();
      after.put(series, cell);
    }
    before.forEach(
        (series, cell) -> {
          if (!after.containsKey(series) && cell.meter != null) {
            registry.remove(cell.meter);
          }
        });
    if (after.isEmpty()) {
      owners.remove(owner);
    } else {
      owners.put(owner, after);
    }
  }

  void remove(Object owner) {
    replace(owner, List.of());
  }

  private Cell register(Row row) {
    Cell cell = new Cell();
    Metric metric = row.metric();
    @Nullable String unit = metric.unit().isEmpty() ? null : metric.unit();
    cell.meter =
        metric.kind() == Metric.Kind.COUNTER
            ? FunctionCounter.builder(metric.family(), cell, from -> from.value)
                .description(metric.help())
                .baseUnit(unit)
                .tags(row.tags())
                .register(registry)
            : Gauge.builder(metric.name(), cell, from -> from.value)
                .description(metric.help())
                .baseUnit(unit)
                .tags(row.tags())
                .register(registry);
    return cell;
  }
}
