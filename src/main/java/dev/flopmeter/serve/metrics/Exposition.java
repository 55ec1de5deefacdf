package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.metrics.SeriesLimit.Selection;
import dev.flopmeter.serve.metrics.SeriesLimit.Unit;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The body of a scrape. The daemon's metrics change only when something happened, so they are
 * rendered then, and a scrape copies bytes; the JVM's and the process' are rendered each time. They
 * are in a registry of their own, since choosing by name would first collect all of the daemon's.
 * No scrape has more series than the limit.
 *
 * <p>Thread-safe.
 */
public final class Exposition {
  /**
   * The rendered part of a scrape.
   *
   * @param room series that the process' metrics may have
   */
  @SuppressWarnings("ArrayRecordComponent") // never changed, never compared
  private record Rendered(byte[] plain, byte[] packed, int room) {}

  /**
   * @param rows what is published except for histograms
   * @param snapshots the same with histograms
   */
  record Published(List<Row> rows, MetricSnapshots snapshots, Selection selection) {}

  /** How many series a scrape has about itself. */
  static final int FIGURES = 2 + Part.values().length;

  private static final Unit PROCESS = new Unit(Part.PROCESS, "");
  private static final Set<String> SUFFIXES =
      Set.of("", "_total", "_created", "_bucket", "_count", "_sum", "_info");
  private static final byte[] NONE = {};
  private static final byte[] EOF = "# EOF\n".getBytes(StandardCharsets.UTF_8);

  private final InstantSource clock;
  private final SeriesTable series;
  private final PrometheusRegistry histograms;
  private final PrometheusRegistry process;
  private final Set<Format> wanted = EnumSet.of(Format.TEXT);
  private SeriesLimit limit = new SeriesLimit(Integer.MAX_VALUE, List.of());
  private volatile Map<Format, Rendered> rendered = Map.of();

  /** Of the daemon's series, its histograms and the metrics of the process. */
  Exposition(
      InstantSource clock,
      SeriesTable series,
      PrometheusRegistry histograms,
      PrometheusRegistry process) {
    this.clock = clock;
    this.series = series;
    this.histograms = histograms;
    this.process = process;
  }

  /** From the next rendering on, no scrape exceeds this number of series. */
  synchronized void limit(SeriesLimit next) {
    limit = next;
  }

  /** Renders the daemon's metrics again, in the formats that were requested so far. */
  synchronized Published render() {
    MetricSnapshots others = process.scrape();
    Map<Format, Rendered> next = new EnumMap<>(Format.class);
    Published published = select(Format.TEXT, others);
    for (Format format : wanted) {
      Published one = format == Format.TEXT ? published : select(format, others);
      byte[] plain = text(format, one.snapshots(), true);
      int room =
          one.selection().published().contains(PROCESS)
              ? limit.most() - Snapshots.size(one.snapshots(), format)
              : 0;
      next.put(format, new Rendered(plain, GzipMember.first(plain), room));
    }
    rendered = next;
    return published;
  }

  private Published select(Format format, MetricSnapshots others) {
    List<Row> rows = series.rows(clock.instant());
    MetricSnapshots all = histograms.scrape();
    Map<Unit, Integer> sizes = Snapshots.sizes(rows, all, format);
    sizes.merge(new Unit(Part.ESSENTIALS, ""), FIGURES, Integer::sum);
    sizes.put(PROCESS, Snapshots.size(others, format));
    Selection selection = limit.select(sizes);
    rows.removeIf(row -> !selection.published().contains(Snapshots.unit(row)));
    rows.addAll(figures(selection));
    List<MetricSnapshot> families = Snapshots.selected(all, selection);
    families.addAll(Snapshots.of(rows, format));
    return new Published(rows, new MetricSnapshots(families), selection);
  }

  private List<Row> figures(Selection selection) {
    List<Row> rows = new ArrayList<>();
    Row.add(rows, "flopmeter_series", Labels.EMPTY, selection.series());
    Row.add(rows, "flopmeter_series_limit", Labels.EMPTY, limit.most());
    for (Part part : Part.values()) {
      Labels labels = Labels.of("part", part.label());
      Row.add(rows, "flopmeter_series_limited", labels, selection.leftOut(part));
    }
    return rows;
  }

  private synchronized Rendered want(Format format) {
    wanted.add(format);
    render();
    return Objects.requireNonNull(rendered.get(format));
  }

  /** A whole scrape, in pieces: what does not change is not copied for it. */
  public List<byte[]> scrape(Format format, boolean isGzipped) {
    Rendered kept = rendered.get(format);
    if (kept == null) {
      kept = want(format);
    }
    MetricSnapshots running = Snapshots.first(process.scrape(), kept.room(), format);
    return body(kept.plain(), kept.packed(), text(format, running, false), isGzipped);
  }

  /**
   * A scrape of some metrics, as the parameter {@code name[]} asks for them; rendered for it.
   *
   * @param names of metrics or of their series, which end in {@code _total} and the like
   */
  public List<byte[]> scrape(Format format, Set<String> names, boolean isGzipped) {
    MetricSnapshots running = process.scrape();
    MetricSnapshots shown;
    synchronized (this) {
      shown = select(format, running).snapshots();
    }
    Stream<MetricSnapshot> asked =
        Stream.concat(shown.stream(), running.stream())
            .filter(family -> isNamed(family.getMetadata().getPrometheusName(), names));
    byte[] text = text(format, new MetricSnapshots(asked.toList()), false);
    return body(NONE, NONE, text, isGzipped);
  }

  private static List<byte[]> body(byte[] first, byte[] packed, byte[] second, boolean isGzipped) {
    return isGzipped ? GzipMember.join(first, packed, second) : List.of(first, second);
  }

  private static boolean isNamed(String family, Set<String> names) {
    return names.stream()
        .anyMatch(
            name -> name.startsWith(family) && SUFFIXES.contains(name.substring(family.length())));
  }

  private byte[] text(Format format, MetricSnapshots snapshots, boolean isMoreToCome) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 14);
    try {
      format.writer().write(out, snapshots, EscapingScheme.UNDERSCORE_ESCAPING);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail to be written", e);
    }
    byte[] text = out.toByteArray();
    boolean isEnded = format == Format.OPEN_METRICS && isMoreToCome;
    return isEnded ? Arrays.copyOf(text, text.length - EOF.length) : text;
  }
}
