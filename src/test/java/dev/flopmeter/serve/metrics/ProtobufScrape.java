package dev.flopmeter.serve.metrics;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a scrape in protobuf, only by the field numbers in Prometheus' {@code metrics.proto}, as
 * lines like those of the text format. A native histogram is one line: its name and labels, and the
 * number of its observations.
 */
public final class ProtobufScrape {
  private static final int SUMMARY = 4;
  private static final int HISTOGRAM = 7;

  /** The simple kinds: gauges, counters, and untyped. */
  private static final List<Integer> SINGLE = List.of(2, 3, 5);

  private ProtobufScrape() {}

  /** The series of all families. */
  public static List<String> series(byte[] scrape) throws IOException {
    List<String> lines = new ArrayList<>();
    ByteArrayInputStream in = new ByteArrayInputStream(scrape);
    while (in.available() > 0) {
      UnknownFieldSet.Builder builder = UnknownFieldSet.newBuilder();
      builder.mergeDelimitedFrom(in);
      UnknownFieldSet family = builder.build();
      for (ByteString metric : family.getField(4).getLengthDelimitedList()) {
        add(lines, text(family.getField(1)), UnknownFieldSet.parseFrom(metric));
      }
    }
    return lines;
  }

  private static void add(List<String> lines, String name, UnknownFieldSet metric)
      throws IOException {
    for (int kind : SINGLE) {
      if (metric.hasField(kind)) {
        lines.add(line(name, metric, "", number(only(metric, kind).getField(1))));
      }
    }
    if (metric.hasField(SUMMARY)) {
      UnknownFieldSet summary = only(metric, SUMMARY);
      lines.add(line(name + "_count", metric, "", whole(summary.getField(1))));
      lines.add(line(name + "_sum", metric, "", number(summary.getField(2))));
      for (ByteString each : summary.getField(3).getLengthDelimitedList()) {
        UnknownFieldSet quantile = UnknownFieldSet.parseFrom(each);
        String of = "quantile=\"" + number(quantile.getField(1)) + "\"";
        lines.add(line(name, metric, of, number(quantile.getField(2))));
      }
    }
    if (metric.hasField(HISTOGRAM)) {
      addHistogram(lines, name, metric, only(metric, HISTOGRAM));
    }
  }

  private static void addHistogram(
      List<String> lines, String name, UnknownFieldSet metric, UnknownFieldSet histogram)
      throws IOException {
    List<ByteString> buckets = histogram.getField(3).getLengthDelimitedList();
    for (ByteString each : buckets) {
      UnknownFieldSet bucket = UnknownFieldSet.parseFrom(each);
      String bound = "le=\"" + number(bucket.getField(2)) + "\"";
      lines.add(line(name + "_bucket", metric, bound, whole(bucket.getField(1))));
    }
    if (!buckets.isEmpty()) {
      lines.add(line(name + "_count", metric, "", whole(histogram.getField(1))));
      lines.add(line(name + "_sum", metric, "", number(histogram.getField(2))));
    }
    // By its schema, the threshold of zero or the spans of its buckets.
    if (List.of(5, 6, 12).stream().anyMatch(histogram::hasField)) {
      lines.add(line(name, metric, "", whole(histogram.getField(1))));
    }
  }

  private static String line(String name, UnknownFieldSet metric, String label, double value)
      throws IOException {
    List<String> labels = new ArrayList<>();
    for (ByteString each : metric.getField(1).getLengthDelimitedList()) {
      UnknownFieldSet pair = UnknownFieldSet.parseFrom(each);
      labels.add(text(pair.getField(1)) + "=\"" + text(pair.getField(2)) + "\"");
    }
    if (!label.isEmpty()) {
      labels.add(label);
    }
    return name + (labels.isEmpty() ? "" : "{" + String.join(",", labels) + "}") + " " + value;
  }

  private static UnknownFieldSet only(UnknownFieldSet from, int field) throws IOException {
    return UnknownFieldSet.parseFrom(from.getField(field).getLengthDelimitedList().get(0));
  }

  private static String text(Field field) {
    List<ByteString> values = field.getLengthDelimitedList();
    return values.isEmpty() ? "" : values.get(0).toStringUtf8();
  }

  private static double number(Field field) {
    List<Long> values = field.getFixed64List();
    return values.isEmpty() ? 0 : Double.longBitsToDouble(values.get(0));
  }

  private static double whole(Field field) {
    List<Long> values = field.getVarintList();
    return values.isEmpty() ? 0 : values.get(0);
  }
}
