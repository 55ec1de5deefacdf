package dev.flopmeter.serve;

import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.http.Request;
import dev.flopmeter.serve.http.Response;
import dev.flopmeter.serve.http.Route.BadRequestException;
import dev.flopmeter.serve.page.Snapshot;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.page.Snapshot.WorkloadState;
import dev.flopmeter.serve.result.ResultJson;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * The JSON API, version 1, read only. Lists are streamed, so that a long one needs no memory. It
 * reads the history's files, never a device.
 */
final class Api {
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
  private static final int MOST = 1000;
  private static final int STANDARD = 100;
  private static final int LONGEST_NAME = 40;

  private final Supplier<Snapshot> snapshots;
  private final History history;

  Api(Supplier<Snapshot> snapshots, History history) {
    this.snapshots = snapshots;
    this.history = history;
  }

  /** {@code GET /api/v1/workloads}: what is configured and how it goes. */
  Response workloads(Request request) throws BadRequestException {
    onlyKnown(request);
    Snapshot snapshot = snapshots.get();
    Instant now = snapshot.now();
    return json(
        out -> {
          out.writeStartObject();
          out.writeName("workloads");
          out.writeStartArray();
          for (Workload workload : snapshot.config().workloads()) {
            WorkloadState state = snapshot.workload(workload.name());
            out.writeStartObject();
            out.writeStringProperty("name", workload.name());
            out.writeStringProperty("model", workload.model());
            out.writeNumberProperty("interval_seconds", workload.interval().toMillis() / 1e3);
            out.writeBooleanProperty("running", state.isRunning());
            if (state.untilNext() != null) {
              out.writeStringProperty("next_run_at", now.plus(state.untilNext()).toString());
            }
            if (state.lastSuccess() != null) {
              out.writeStringProperty("last_success_at", state.lastSuccess().toString());
            }
            if (state.lastRun() != null) {
              lastRun(out, state.lastRun());
            }
            out.writeName("series");
            out.writeStartArray();
            for (Series one : snapshot.series()) {
              if (one.key().workload().equals(workload.name())) {
                out.writeStartObject();
                head(out, one, now);
                out.writeEndObject();
              }
            }
            out.writeEndArray();
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private static void lastRun(JsonGenerator out, EndedRun run) {
    out.writeStringProperty("last_run_at", run.endedAt().toString());
    out.writeStringProperty("last_device", run.target().device());
    out.writeStringProperty("last_precision", run.target().precision());
    out.writeStringProperty("last_outcome", run.outcome().label());
    if (!run.detail().isEmpty()) {
      out.writeStringProperty("last_reason", run.detail());
    }
  }

  /** {@code GET /api/v1/latest?workload=}: the last result of each series, whole. */
  Response latest(Request request) throws BadRequestException {
    onlyKnown(request, "workload");
    Optional<String> workload = workload(request);
    Snapshot snapshot = snapshots.get();
    List<Series> series =
        snapshot.series().stream()
            .filter(one -> workload.isEmpty() || one.key().workload().equals(workload.get()))
            .toList();
    Instant now = snapshot.now();
    return json(
        out -> {
          out.writeStartObject();
          out.writeName("results");
          out.writeStartArray();
          for (Series one : series) {
            Optional<String> result = history.json(one.entry());
            if (result.isPresent()) {
              out.writeStartObject();
              head(out, one, now);
              out.writeName("result");
              out.writeRawValue(result.get());
              out.writeEndObject();
            }
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  /**
   * {@code GET /api/v1/results?workload=&from=&to=&limit=&layers=}: kept results, newest first;
   * without their layers unless they are asked for.
   */
  Response results(Request request) throws BadRequestException {
    onlyKnown(request, "workload", "from", "to", "limit", "layers");
    Optional<String> workload = workload(request);
    Instant from = time(request, "from").orElse(Instant.MIN);
    Instant to = time(request, "to").orElse(Instant.MAX);
    if (from.isAfter(to)) {
      throw new BadRequestException("from is after to");
    }
    int limit = limit(request);
    boolean hasLayers = flag(request, "layers");
    List<HistoryEntry> entries =
        history.entries(
            entry ->
                (workload.isEmpty() || entry.key().workload().equals(workload.get()))
                    && !entry.at().isBefore(from)
                    && !entry.at().isAfter(to),
            limit);
    return json(
        out -> {
          out.writeStartObject();
          out.writeName("results");
          out.writeStartArray();
          for (HistoryEntry entry : entries) {
            Optional<String> result = history.json(entry);
            if (result.isPresent()) {
              out.writeStartObject();
              out.writeNumberProperty("number", entry.number());
              out.writeStringProperty("workload", entry.key().workload());
              out.writeName("result");
              out.writeRawValue(
                  hasLayers ? result.get() : ResultJson.without(result.get(), Set.of("layers")));
              out.writeEndObject();
            }
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private static void head(JsonGenerator out, Series one, Instant now) {
    SeriesKey key = one.key();
    Instant at = one.shown().result().startedAt();
    out.writeStringProperty("workload", key.workload());
    out.writeStringProperty("model", key.model());
    out.writeStringProperty("device", key.device());
    out.writeStringProperty("backend", key.backend());
    out.writeStringProperty("precision", key.precision());
    out.writeNumberProperty("batch", key.batch());
    out.writeStringProperty("measured_at", at.toString());
    out.writeNumberProperty("age_seconds", Duration.between(at, now).toMillis() / 1e3);
    out.writeBooleanProperty("fresh", one.isFresh());
    out.writeBooleanProperty("restored", one.shown().isRestored());
    out.writeBooleanProperty("valid", one.shown().result().isValid());
    out.writeNumberProperty("median_seconds", one.shown().result().median());
    Double baseline = one.shown().baselineSeconds();
    Double regression = one.shown().regression();
    if (baseline != null && regression != null) {
      out.writeNumberProperty("baseline_seconds", baseline);
      out.writeNumberProperty("regression_ratio", regression);
    }
  }

  /** A mistyped parameter would be an answer to another question. */
  private static void onlyKnown(Request request, String... names) throws BadRequestException {
    List<String> known = List.of(names);
    for (String name : request.query().keySet()) {
      if (!known.contains(name)) {
        throw new BadRequestException(
            Cut.end(Printable.of(name), LONGEST_NAME)
                + ": unknown parameter; "
                + (known.isEmpty() ? "there are none here" : "use " + String.join(", ", known)));
      }
    }
  }

  private static boolean flag(Request request, String name) throws BadRequestException {
    String text = request.parameter(name).orElse("false");
    if (!text.equals("true") && !text.equals("false")) {
      throw new BadRequestException(name + ": expected true or false");
    }
    return text.equals("true");
  }

  private Optional<String> workload(Request request) throws BadRequestException {
    Optional<String> name = request.parameter("workload");
    if (name.isPresent()
        && snapshots.get().config().workloads().stream()
            .noneMatch(one -> one.name().equals(name.get()))) {
      throw new BadRequestException("workload: no workload of this name; see /api/v1/workloads");
    }
    return name;
  }

  private static Optional<Instant> time(Request request, String name) throws BadRequestException {
    String text = request.parameter(name).orElse("");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          text.matches("\\d{1,11}(\\.\\d{1,9})?")
              ? Instant.ofEpochMilli(Math.round(Double.parseDouble(text) * 1000))
              : Instant.parse(text));
    } catch (DateTimeException e) {
      throw new BadRequestException(
          name + ": expected a time such as 2026-01-31T12:00:00Z, or seconds since 1970");
    }
  }

  private static int limit(Request request) throws BadRequestException {
    String text = request.parameter("limit").orElse(Integer.toString(STANDARD));
    if (!text.matches("\\d{1,4}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > MOST) {
      throw new BadRequestException("limit: expected a number from 1 to " + MOST);
    }
    return Integer.parseInt(text);
  }

  private interface Content {
    void write(JsonGenerator out);
  }

  private static Response json(Content content) {
    return Response.json(
        200,
        stream -> {
          try (JsonGenerator out = JSON.createGenerator(ObjectWriteContext.empty(), stream)) {
            content.write(out);
          }
        });
  }
}
