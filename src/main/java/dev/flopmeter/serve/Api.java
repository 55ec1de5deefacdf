package dev.flopmeter.serve;

import dev.flopmeter.serve.config.ServeConfig;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.RawValue;

/**
 * The JSON API, version 1, except for {@link Imports} and {@link RunRequests}: read only. Lists are
 * streamed, so that a long one needs no memory. It reads the history's files, never a device.
 */
record Api(Supplier<Snapshot> snapshots, History history, EventLog events) {
  private static final JsonMapper JSON =
      JsonMapper.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
  private static final int MOST = 1000;
  private static final int STANDARD = 100;
  private static final int LONGEST_NAME = 40;

  /** {@code GET /api/v1/workloads}: the configured workloads and their state. */
  Response workloads(Request request) throws BadRequestException {
    onlyKnown(request);
    Snapshot snapshot = snapshots.get();
    return list(
        "workloads",
        snapshot.config().workloads().stream().map(workload -> workload(workload, snapshot)));
  }

  private static Map<String, Object> workload(Workload workload, Snapshot snapshot) {
    WorkloadState state = snapshot.workload(workload.name());
    Duration next = state.untilNext();
    Map<String, Object> object =
        object(
            "name", workload.name(),
            "model", workload.model(),
            "interval_seconds", workload.interval().toMillis() / 1e3,
            "running", state.isRunning(),
            "next_run_at", next == null ? null : snapshot.now().plus(next),
            "last_success_at", state.lastSuccess());
    EndedRun last = state.lastRun();
    if (last != null) {
      object.putAll(
          object(
              "last_run_at", last.endedAt(),
              "last_device", last.target().device(),
              "last_precision", last.target().precision(),
              "last_outcome", last.outcome().label(),
              "last_reason", last.detail().isEmpty() ? null : last.detail()));
    }
    List<Series> series = snapshot.seriesOf(workload.name());
    object.put("series", series.stream().map(one -> head(one, snapshot.now())).toList());
    return object;
  }

  /** {@code GET /api/v1/latest?workload=}: the last result of each series, whole. */
  Response latest(Request request) throws BadRequestException {
    onlyKnown(request, "workload");
    Optional<String> workload = workload(request);
    Snapshot snapshot = snapshots.get();
    return list(
        "results",
        snapshot.series().stream()
            .filter(one -> workload.isEmpty() || one.key().workload().equals(workload.get()))
            .flatMap(one -> latest(one, snapshot.now()).stream()));
  }

  private Optional<Map<String, Object>> latest(Series series, Instant now) {
    return history
        .json(series.entry())
        .map(
            json -> {
              Map<String, Object> object = head(series, now);
              object.put("result", new RawValue(json));
              return object;
            });
  }

  /**
   * {@code GET /api/v1/results?workload=&from=&to=&limit=&layers=}: stored results, newest first;
   * without their layers unless requested.
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
    String layers = request.parameter("layers").orElse("false");
    if (!layers.matches("true|false")) {
      throw new BadRequestException("layers: expected true or false");
    }
    boolean hasLayers = layers.equals("true");
    List<HistoryEntry> entries =
        history.entries(
            entry ->
                (workload.isEmpty() || entry.key().workload().equals(workload.get()))
                    && !entry.at().isBefore(from)
                    && !entry.at().isAfter(to),
            limit);
    return list(
        "results",
        entries.stream()
            .flatMap(
                entry -> history.json(entry).map(json -> result(entry, json, hasLayers)).stream()));
  }

  /**
   * {@code GET /api/v1/annotations?from=&to=}, in milliseconds as in Grafana: events, the oldest
   * first.
   */
  Response annotations(Request request) throws BadRequestException {
    onlyKnown(request, "from", "to");
    long from = millis(request, "from").orElse(0L);
    long to = millis(request, "to").orElse(Long.MAX_VALUE);
    if (from > to) {
      throw new BadRequestException("from is after to");
    }
    List<HistoryEntry> results = history.entries(entry -> true, Integer.MAX_VALUE);
    ServeConfig.History rules = snapshots.get().config().history();
    return list(
        "annotations",
        events.between(from, to, results, rules).stream()
            .map(
                one ->
                    object(
                        "time", one.time(),
                        "title", one.title(),
                        "text", one.text(),
                        "tags", one.tags())));
  }

  private static Optional<Long> millis(Request request, String name) throws BadRequestException {
    Optional<String> text = request.parameter(name);
    if (text.isPresent() && !text.get().matches("\\d{1,15}")) {
      throw new BadRequestException(name + ": expected milliseconds since 1970");
    }
    return text.map(Long::valueOf);
  }

  private static Map<String, Object> result(HistoryEntry entry, String json, boolean hasLayers) {
    String shown = hasLayers ? json : ResultJson.without(json, "layers");
    return object(
        "number", entry.number(),
        "workload", entry.key().workload(),
        "result", new RawValue(shown));
  }

  private static Map<String, Object> head(Series one, Instant now) {
    SeriesKey key = one.key();
    Instant at = one.shown().result().startedAt();
    return object(
        "workload", key.workload(),
        "model", key.model(),
        "device", key.device(),
        "backend", key.backend(),
        "precision", key.precision(),
        "batch", key.batch(),
        "measured_at", at,
        "age_seconds", Duration.between(at, now).toMillis() / 1e3,
        "fresh", one.isFresh(),
        "restored", one.shown().isRestored(),
        "valid", one.profile().valid(),
        "median_seconds", one.shown().result().median(),
        "baseline_seconds", one.shown().baselineSeconds(),
        "regression_ratio", one.shown().regression());
  }

  /** With a mistyped parameter, the response would answer another question. */
  static void onlyKnown(Request request, String... names) throws BadRequestException {
    List<String> known = List.of(names);
    for (String name : request.query().keySet()) {
      if (!known.contains(name)) {
        throw new BadRequestException(
            Cut.end(Printable.of(name), LONGEST_NAME)
                + ": unknown parameter; "
                + (known.isEmpty() ? "this path has none" : "use " + String.join(", ", known)));
      }
    }
  }

  private Optional<String> workload(Request request) throws BadRequestException {
    Optional<String> name = request.parameter("workload");
    if (name.isPresent() && snapshots.get().config().workload(name.get()).isEmpty()) {
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

  /** Names with their values; those that are null are left out. */
  static Map<String, Object> object(@Nullable Object... pairs) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      Object value = pairs[i + 1];
      if (value != null) {
        fields.put(String.valueOf(pairs[i]), value);
      }
    }
    return fields;
  }

  private static Response list(String name, Stream<Map<String, Object>> items) {
    return list(200, Map.of(), name, items);
  }

  /** An object that ends with a list, whose items are written one after another. */
  static Response list(int status, Map<String, Object> head, String name, Stream<?> items) {
    return Response.json(
        status,
        stream -> {
          try (JsonGenerator out = JSON.writer().createGenerator(stream)) {
            out.writeStartObject();
            head.forEach(out::writePOJOProperty);
            out.writeArrayPropertyStart(name);
            items.forEach(out::writePOJO);
            out.writeEndArray();
            out.writeEndObject();
          } catch (JacksonIOException e) {
            throw e.getCause(); // the client went away
          }
        });
  }
}
