package dev.flopmeter.serve.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.result.SampleResult;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.time.Clocks;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryTest {
  private static final SeriesKey KEY = new SeriesKey("w", "resnet50", "cpu", "djl", "fp32", 1);

  @TempDir private Path folder;

  private Instant wall = Instant.parse("2026-06-01T00:00:00Z");
  private long nanos = 5;
  private final Clocks clocks = new Clocks(() -> wall, () -> nanos);

  private ServeConfig.History rules(long size, Duration age) {
    return new ServeConfig.History(Optional.of(folder), size, age, 20, 0.1);
  }

  private History open() throws IOException {
    return History.open(rules(64 << 20, Duration.ofDays(90)), clocks);
  }

  private Result result(double median) {
    return new Result(KEY, SampleResult.of(wall, median, true, List.of()));
  }

  private static String json(int i) {
    return "{\"n\":" + i + ",\"text\":\"" + Integer.toString(i * 7919, 36).repeat(5) + "\"}";
  }

  private static List<Double> medians(History history) {
    return history.entries(entry -> true, Integer.MAX_VALUE).stream()
        .map(HistoryEntry::median)
        .toList();
  }

  @Test
  void storedResultsAreRestoredNewestFirst() throws Exception {
    try (History history = open()) {
      history.append(result(1), json(1));
      history.append(result(2), json(2));
    }
    try (History history = open()) {
      history.append(result(3), json(3));
      List<HistoryEntry> all = history.entries(entry -> true, 10);
      assertThat(all).extracting(HistoryEntry::median).containsExactly(3.0, 2.0, 1.0);
      assertThat(all).extracting(HistoryEntry::number).containsExactly(2L, 1L, 0L);
      assertThat(all).extracting(HistoryEntry::key).containsOnly(KEY);
      assertThat(history.json(all.get(2))).contains(json(1));
      assertThat(history.entries(entry -> true, 1)).hasSize(1);
    }
  }

  @Test
  void anImportedResultIsKeptFromItsArrivalOn() throws Exception {
    Instant lastYear = wall.minus(Duration.ofDays(365));
    Result old = new Result(KEY, SampleResult.of(lastYear, 1, false, List.of()));
    try (History history = open()) {
      history.append(old, wall, json(1));
      history.append(result(2), json(2));
    }
    assertThat(folder.toFile().list()).filteredOn(name -> name.endsWith(".flm")).hasSize(1);
    wall = wall.plus(Duration.ofDays(80));
    try (History history = open()) {
      HistoryEntry first = history.entries(entry -> true, 10).get(1);
      assertThat(first)
          .isEqualTo(new HistoryEntry(0, lastYear, wall.minus(Duration.ofDays(80)), KEY, false, 1));
      assertThat(history.json(first)).contains(json(1));
    }
  }

  @Test
  void aWriteCutAtAnyByteCostsOnlyItself() throws Exception {
    try (History history = open()) {
      history.append(result(1), json(1));
      history.append(result(2), json(2));
    }
    Path file = Segment.path(folder, 1);
    byte[] whole = Files.readAllBytes(file);
    long second = Segment.scan(file, 1).frames.get(1).position() - Frame.HEAD;
    for (int cut = 0; cut < whole.length; cut++) {
      Files.deleteIfExists(Segment.path(folder, 2));
      Files.write(file, java.util.Arrays.copyOf(whole, cut));
      try (History history = open()) {
        List<Double> before = cut < second ? List.of() : List.of(1.0);
        assertThat(medians(history)).as("cut at byte %d", cut).isEqualTo(before);
        history.append(result(3), json(3));
      }
      try (History history = open()) {
        assertThat(medians(history)).as("after a cut at byte %d", cut).startsWith(3.0);
        assertThat(history.state().dropped()).isZero();
      }
    }
  }

  @Test
  void aFlippedByteCostsItsResultAndIsCounted() throws Exception {
    try (History history = open()) {
      history.append(result(1), json(1));
      history.append(result(2), json(2));
    }
    Path file = Segment.path(folder, 1);
    byte[] whole = Files.readAllBytes(file);
    whole[whole.length - 3] ^= 4;
    Files.write(file, whole);
    try (History history = open()) {
      assertThat(medians(history)).containsExactly(1.0);
      assertThat(history.state().dropped()).isOne();
    }
  }

  private void removeFolder() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  @Test
  void aDeletedFolderIsRecreatedForTheNextResult() throws Exception {
    try (History history = open()) {
      history.append(result(1), json(1));
      removeFolder();
      history.append(result(2), json(2));
      assertThat(history.state().results()).isOne();
      assertThat(history.state().isWritable()).isTrue();
      assertThatThrownBy(this::open).hasMessageContaining("is used by another flopmeter");
    }
    try (History history = open()) {
      assertThat(medians(history)).containsExactly(2.0);
    }
  }

  @Test
  void aHistoryThatAnotherCreatedInItsPlaceIsNotTouched() throws Exception {
    try (History history = open()) {
      history.append(result(1), json(1));
      removeFolder();
      try (History another = open()) {
        another.append(result(5), json(5));
        history.append(result(2), json(2));
        assertThat(history.state().isWritable()).isFalse();
        assertThat(history.state().pending()).isOne();
        assertThat(medians(another)).containsExactly(5.0);
      }
    }
    try (History history = open()) {
      assertThat(medians(history)).startsWith(2.0);
    }
  }

  @Test
  void aDeletedFileCostsOnlyItsOwnResults() throws Exception {
    try (History history = open()) {
      history.append(result(1), json(1));
      Files.delete(Segment.path(folder, 1));
      history.append(result(2), json(2));
      assertThat(medians(history)).containsExactly(2.0);
    }
    try (History history = open()) {
      assertThat(medians(history)).containsExactly(2.0);
    }
  }

  @Test
  void theOldestAreDeletedIfThereAreTooMany() throws Exception {
    long size = 1 << 20;
    String large = "x".repeat(10);
    try (History history = History.open(rules(size, Duration.ofDays(90)), clocks)) {
      java.util.Random random = new java.util.Random(1);
      for (int i = 0; i < 400; i++) {
        byte[] noise = new byte[6000];
        random.nextBytes(noise);
        history.append(result(i), large + java.util.Base64.getEncoder().encodeToString(noise));
      }
      assertThat(history.state().bytes()).isBetween(size / 2, size);
      assertThat(medians(history)).startsWith(399.0, 398.0);
      try (Stream<Path> files = Files.list(folder)) {
        assertThat(files.mapToLong(file -> file.toFile().length()).sum()).isLessThanOrEqualTo(size);
      }
    }
  }

  @Test
  void resultsThatAreTooOldAreDeleted() throws Exception {
    try (History history = History.open(rules(64 << 20, Duration.ofDays(8)), clocks)) {
      for (int day = 0; day < 30; day++) {
        history.append(result(day), json(day));
        pass(Duration.ofDays(1));
      }
      assertThat(medians(history)).startsWith(29.0).doesNotContain(15.0).hasSizeLessThan(13);
    }
  }

  private void pass(Duration time) {
    wall = wall.plus(time);
    nanos += time.toNanos();
  }

  @Test
  void aClockJumpHasNoEffect() throws Exception {
    try (History history = History.open(rules(64 << 20, Duration.ofDays(8)), clocks)) {
      history.append(result(1), json(1));
      wall = wall.plus(Duration.ofDays(5000));
      history.append(result(2), json(2));
      wall = wall.minus(Duration.ofDays(9000));
      history.append(result(3), json(3));
      history.append(result(4), json(4));
      assertThat(medians(history)).containsExactly(4.0, 3.0, 2.0, 1.0);
    }
  }

  /** A disk that is full while {@code isFull}, and writes only half of the data then. */
  private static final class FullDisk {
    boolean isFull;

    OutputStream open(Path path, long size) throws IOException {
      FileChannel file =
          FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      return new FilterOutputStream(Channels.newOutputStream(file.truncate(size).position(size))) {
        @Override
        public void write(byte[] bytes) throws IOException {
          if (isFull) {
            out.write(bytes, 0, bytes.length / 2);
            throw new IOException("No space left on device");
          }
          out.write(bytes);
        }
      };
    }
  }

  @Test
  void aFullDiskMakesResultsWaitAndNothingIsLost() throws Exception {
    FullDisk disk = new FullDisk();
    try (History history = History.open(rules(64 << 20, Duration.ofDays(90)), clocks, disk::open)) {
      history.append(result(1), json(1));
      disk.isFull = true;
      history.append(result(2), json(2));
      history.append(result(3), json(3));
      assertThat(history.state().isWritable()).isFalse();
      assertThat(history.state().pending()).isEqualTo(2);
      assertThat(history.state().failedWrites()).isEqualTo(2);
      assertThat(medians(history)).containsExactly(3.0, 2.0, 1.0);
      assertThat(history.json(history.entries(entry -> true, 1).get(0))).contains(json(3));
      disk.isFull = false;
      history.append(result(4), json(4));
      assertThat(history.state().isWritable()).isTrue();
      assertThat(history.state().pending()).isZero();
    }
    try (History history = open()) {
      assertThat(medians(history)).containsExactly(4.0, 3.0, 2.0, 1.0);
      assertThat(history.state().lost()).isZero();
      assertThat(history.state().dropped()).isZero();
    }
  }

  @Test
  void aFolderThatCannotBeWrittenDoesNotStopTheDaemon() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "");
    ServeConfig.History rules =
        new ServeConfig.History(
            Optional.of(file.resolve("history")), 1 << 20, Duration.ofDays(1), 20, 0.1);
    try (History history = History.open(rules, clocks)) {
      for (int i = 0; i < History.MOST_PENDING + 7; i++) {
        history.append(result(i), json(i));
      }
      assertThat(history.state().isWritable()).isFalse();
      assertThat(history.state().pending()).isEqualTo(History.MOST_PENDING);
      assertThat(history.state().lost()).isEqualTo(7);
    }
  }

  @Test
  void oneFolderIsForOneDaemon() throws Exception {
    try (History first = open()) {
      assertThat(first.state().isWritable()).isTrue();
      assertThatThrownBy(this::open).hasMessageContaining("is used by another flopmeter");
    }
  }
}
