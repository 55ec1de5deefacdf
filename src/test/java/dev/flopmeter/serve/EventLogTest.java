package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.device.NodeSample;
import dev.flopmeter.serve.EventLog.Annotation;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.HistoryEntry;
import dev.flopmeter.serve.result.SeriesKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contents of annotations, and how long they are kept. */
class EventLogTest {
  @TempDir private Path folder;

  private ServeConfig.History rules;

  @BeforeEach
  void standardRules() throws Exception {
    rules =
        new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty())
            .standard()
            .history();
  }

  private static Instant second(int second) {
    return Instant.ofEpochSecond(second);
  }

  private List<Annotation> all(EventLog log) {
    return log.between(0, Long.MAX_VALUE, List.of(), rules);
  }

  @Test
  void startsDriversAndErrorsAreListedInOrderAndSurviveARestart() {
    EventLog log = new EventLog(Optional.of(folder));
    log.started("1.0", second(10));
    log.driver("cuda:0", "550.1", second(11));
    log.driver("cuda:0", "550.1", second(12));
    log.driver("cpu", null, second(12));
    log.driver("cuda:0", "560.2", second(13));
    log.node(
        List.of(
            new NodeSample.Event("gpu:0", "GPU-a", "GPU-a", 79L, second(30)),
            new NodeSample.Event("gpu:1", "GPU-b", "GPU-b", 31L, second(20))));
    EventLog next = new EventLog(Optional.of(folder));
    assertThat(all(next)).isEqualTo(all(log));
    assertThat(all(next))
        .containsExactly(
            new Annotation(
                10_000, "flopmeter started", "flopmeter 1.0 started", List.of("restart")),
            new Annotation(
                13_000,
                "driver changed",
                "cuda:0: driver 550.1, now 560.2",
                List.of("driver", "cuda:0")),
            new Annotation(
                20_000,
                "application error",
                "gpu:1: Xid 31, GPU memory page fault",
                List.of("xid", "gpu:1")),
            new Annotation(
                30_000,
                "GPU error",
                "gpu:0: Xid 79, GPU has fallen off the bus",
                List.of("xid", "gpu:0")));
    assertThat(next.between(13_000, 20_000, List.of(), rules)).hasSize(2);
  }

  @Test
  void aFileThatACrashCutOffIsReadAsFarAsItGoes() throws Exception {
    new EventLog(Optional.of(folder)).started("1.0", second(10));
    Files.writeString(folder.resolve("events.jsonl"), "{\"time\":11", StandardOpenOption.APPEND);
    EventLog next = new EventLog(Optional.of(folder));
    assertThat(all(next)).hasSize(1);
    next.started("1.1", second(12));
    assertThat(all(new EventLog(Optional.of(folder)))).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "", "[]", "{\"time\":\"x\"}", "ÿþ", "\u0000\u0000"})
  void aDamagedLineHidesNoneOfTheOthers(String line) throws Exception {
    EventLog log = new EventLog(Optional.of(folder));
    log.started("1.0", second(10));
    byte[] damaged = (line + "\n").getBytes(StandardCharsets.ISO_8859_1);
    Files.write(folder.resolve("events.jsonl"), damaged, StandardOpenOption.APPEND);
    log.started("1.1", second(12));
    assertThat(all(new EventLog(Optional.of(folder)))).isEqualTo(all(log));
  }

  @Test
  void theLogDoesNotGrowForever() throws Exception {
    EventLog log = new EventLog(Optional.of(folder));
    for (int i = 0; i < 5000; i++) {
      log.started("1." + i, second(i));
    }
    assertThat(all(log)).hasSizeBetween(1000, 2000).last().matches(one -> one.time() == 4_999_000);
    assertThat(Files.readAllLines(folder.resolve("events.jsonl")))
        .filteredOn(line -> !line.isEmpty())
        .hasSize(all(log).size());
  }

  /** Results of one series, a second apart, the latest first, in the history's order. */
  private static List<HistoryEntry> results(double... medians) {
    List<HistoryEntry> entries = new ArrayList<>();
    SeriesKey key = new SeriesKey("vision", "resnet50", "cuda:0", "cudnn", "fp16", 8);
    for (int i = 0; i < medians.length; i++) {
      entries.add(0, new HistoryEntry(i, second(i), second(i), key, true, medians[i]));
    }
    return entries;
  }

  @Test
  void aRegressionIsReportedWhenItBegins() {
    List<HistoryEntry> results = results(1, 1, 1, 1.05, 1.3, 1.3, 1.0, 1.2);
    assertThat(new EventLog(Optional.empty()).between(0, Long.MAX_VALUE, results, rules))
        .containsExactly(
            new Annotation(
                4000,
                "regression",
                "vision, fp16, batch 8 on cuda:0: slower by 30 %",
                List.of("regression", "vision", "cuda:0")),
            new Annotation(
                7000,
                "regression",
                "vision, fp16, batch 8 on cuda:0: slower by 20 %",
                List.of("regression", "vision", "cuda:0")));
  }

  @Test
  void aSeriesWithoutABaselineHasNoRegression() {
    assertThat(new EventLog(Optional.empty()).between(0, Long.MAX_VALUE, results(1, 1, 3), rules))
        .isEmpty();
  }
}
