package dev.flopmeter.serve;

import dev.flopmeter.device.NodeSample;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.units.Figures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Events of the daemon and its GPUs, for annotations. With a history folder they survive restarts,
 * in a file with one JSON object per line. Thread-safe.
 */
final class EventLog {
  private static final Logger logger = LoggerFactory.getLogger(EventLog.class);
  private static final int MOST = 1000;
  private static final JsonMapper JSON = JsonMapper.shared();

  private final Optional<Path> file;
  private final Map<String, String> drivers = new HashMap<>();
  private List<Annotation> kept = new ArrayList<>();

  /**
   * An annotation in Grafana's form.
   *
   * @param time milliseconds since 1970
   */
  record Annotation(long time, String title, String text, List<String> tags) {}

  /** Reads earlier events from a folder, and skips those that cannot be read. */
  EventLog(Optional<Path> folder) {
    file = folder.map(path -> path.resolve("events.jsonl"));
    if (file.isPresent() && Files.exists(file.get())) {
      try {
        String lines = new String(Files.readAllBytes(file.get()), StandardCharsets.UTF_8);
        lines.lines().filter(line -> !line.isBlank()).flatMap(EventLog::read).forEach(kept::add);
      } catch (IOException e) {
        logger.warn("events: {} cannot be read: {}", file.get(), e.toString());
      }
    }
  }

  private static Stream<Annotation> read(String line) {
    try {
      return Stream.ofNullable(JSON.readValue(line, Annotation.class));
    } catch (JacksonException e) {
      logger.warn("events: a line cannot be read: {}", e.getOriginalMessage());
      return Stream.empty();
    }
  }

  void started(String version, Instant at) {
    add(at, "flopmeter started", "flopmeter " + version + " started", "restart");
  }

  /** Records a device's driver; null if it is not known. */
  void driver(String device, @Nullable String version, Instant at) {
    String before = version == null ? null : drivers.put(device, version);
    if (before != null && !before.equals(version)) {
      String text = device + ": driver " + before + ", now " + version;
      add(at, "driver changed", text, "driver", device);
    }
  }

  void node(List<NodeSample.Event> events) {
    for (NodeSample.Event event : events) {
      String kind = event.xid() == null ? "ecc" : "xid";
      String title = event.isFatal() ? "GPU error" : "application error";
      add(event.at(), title, event.text(), kind, event.device());
    }
  }

  private synchronized void add(Instant at, String title, String text, String... tags) {
    kept.add(new Annotation(at.toEpochMilli(), title, text, List.of(tags)));
    boolean isFull = kept.size() > 2 * MOST;
    if (isFull) {
      kept = new ArrayList<>(kept.subList(MOST, kept.size()));
    }
    if (file.isPresent()) {
      List<Annotation> written = isFull ? kept : kept.subList(kept.size() - 1, kept.size());
      StandardOpenOption how =
          isFull ? StandardOpenOption.TRUNCATE_EXISTING : StandardOpenOption.APPEND;
      try {
        // Ends the last line first: a crash may have cut it off.
        String lines =
            written.stream()
                .map(one -> "\n" + JSON.writeValueAsString(one) + "\n")
                .collect(Collectors.joining());
        Files.writeString(file.get(), lines, StandardOpenOption.CREATE, how);
      } catch (IOException e) {
        logger.warn("events: {} is kept in memory only: {}", text, e.toString());
      }
    }
  }

  /**
   * The annotations of a span of time, the oldest first, with the regressions in results.
   *
   * @param results all stored results, the latest first
   */
  List<Annotation> between(
      long from, long to, List<HistoryEntry> results, ServeConfig.History rules) {
    List<Annotation> all = regressions(results, rules);
    synchronized (this) {
      all.addAll(kept);
    }
    all.removeIf(one -> one.time() < from || one.time() > to);
    all.sort(Comparator.comparing(Annotation::time));
    return all;
  }

  /** The first of each sequence of valid results that are slower than the baseline allows. */
  private static List<Annotation> regressions(
      List<HistoryEntry> results, ServeConfig.History rules) {
    Map<SeriesKey, Baseline> past = new HashMap<>();
    Set<SeriesKey> slow = new HashSet<>();
    List<Annotation> found = new ArrayList<>();
    for (int i = results.size() - 1; i >= 0; i--) {
      HistoryEntry entry = results.get(i);
      SeriesKey key = entry.key();
      int runs = rules.baselineRuns();
      Baseline before = past.computeIfAbsent(key, unseen -> new Baseline(2 * runs));
      Double baseline = before.median(runs);
      before.add(entry);
      double slower = baseline == null ? 0 : entry.median() / baseline - 1;
      if (!entry.isValid() || slower <= rules.regressionThreshold()) {
        slow.remove(key);
      } else if (slow.add(key)) {
        String what = "%s, %s, batch %s".formatted(key.workload(), key.precision(), key.batch());
        String text = what + " on " + key.device() + ": slower by " + Figures.percent(slower);
        List<String> tags = List.of("regression", key.workload(), key.device());
        found.add(new Annotation(entry.at().toEpochMilli(), "regression", text, tags));
      }
    }
    return found;
  }
}
