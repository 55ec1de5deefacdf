package dev.flopmeter.serve.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Meters that come and go with what they describe: new rows change values in place, add what is new
 * and remove what is gone.
 *
 * <p>Not thread-safe; the values may be read by any thread.
 */
final class MeterTable {
  private static final class Cell {
    volatile double value;
    @Nullable Meter meter;
  }

  private final MeterRegistry registry;
  private Map<List<Object>, Cell> cells = Map.of();

  MeterTable(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Makes {@code rows} all that there is. */
  void show(List<Row> rows) {
    Map<List<Object>, Cell> after = new HashMap<>();
    for (Row row : rows) {
      Cell known = cells.get(row.series());
      Cell cell = known == null ? register(row) : known;
      cell.value = row.value();
      after.put(row.series(), cell);
    }
    cells.forEach(
        (series, cell) -> {
          if (!after.containsKey(series) && cell.meter != null) {
            registry.remove(cell.meter);
          }
        });
    cells = after;
  }

  private Cell register(Row row) {
    Cell cell = new Cell();
    Metric metric = row.metric();
    Tags tags =
        Tags.of(row.labels().stream().map(one -> Tag.of(one.getName(), one.getValue())).toList());
    @Nullable String unit = metric.unit().isEmpty() ? null : metric.unit();
    cell.meter =
        metric.kind() == Metric.Kind.COUNTER
            ? FunctionCounter.builder(metric.family(), cell, from -> from.value)
                .description(metric.help())
                .baseUnit(unit)
                .tags(tags)
                .register(registry)
            : Gauge.builder(metric.name(), cell, from -> from.value)
                .description(metric.help())
                .baseUnit(unit)
                .tags(tags)
                .register(registry);
    return cell;
  }
}
