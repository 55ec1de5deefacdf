package dev.flopmeter.serve.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.result.SampleResult;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.history.Segment.Located;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.SeriesKey;
import dev.flopmeter.serve.time.Clocks;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A history on a disk that loses data: everything undamaged is read back. */
class DamageTest {
  private static final SeriesKey KEY = new SeriesKey("w", "resnet50", "cpu", "djl", "fp32", 1);

  @TempDir private Path folder;

  private Instant wall = Instant.parse("2026-06-01T00:00:00Z");
  private long nanos = 5;
  private final Clocks clocks = new Clocks(() -> wall, () -> nanos);

  private History open() throws IOException {
    return History.open(
        new ServeConfig.History(Optional.of(folder), 64 << 20, Duration.ofDays(90), 20, 0.1),
        clocks,
        DamageTest::withoutWaiting);
  }

  /** A file that is not synced to the disk: power does not fail in this test. */
  private static OutputStream withoutWaiting(Path path, long size) throws IOException {
    FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    return Channels.newOutputStream(file.truncate(size).position(size));
  }

  private static String json(long number) {
    return "{\"n\":" + number + ",\"text\":\"" + Long.toString(number * 7919, 36).repeat(5) + "\"}";
  }

  private void append(History history, int count) {
    long first = numbers(history).stream().mapToLong(n -> n + 1).max().orElse(0);
    for (long i = first; i < first + count; i++) {
      history.append(new Result(KEY, SampleResult.of(wall, i, true, List.of())), json(i));
    }
  }

  /** The numbers of the readable results, each with its own JSON, in order. */
  private static List<Long> numbers(History history) {
    List<HistoryEntry> entries = history.entries(entry -> true, Integer.MAX_VALUE);
    assertThat(entries)
        .allSatisfy(entry -> assertThat(history.json(entry)).contains(json((long) entry.median())));
    return entries.stream().map(HistoryEntry::number).sorted().toList();
  }

  private static List<Long> upTo(long count) {
    return LongStream.range(0, count).boxed().toList();
  }

  /** The magic word and the frames of a file of {@code count} results. */
  private List<byte[]> parts(int count) throws IOException {
    try (History history = open()) {
      append(history, count);
    }
    Path file = Segment.path(folder, 1);
    byte[] whole = Files.readAllBytes(file);
    List<byte[]> parts = new ArrayList<>(List.of(Arrays.copyOf(whole, Segment.MAGIC.length)));
    for (Located frame : Segment.scan(file, 1).frames) {
      int from = (int) frame.position() - Frame.HEAD;
      parts.add(Arrays.copyOfRange(whole, from, (int) frame.position() + frame.length()));
    }
    assertThat(parts).hasSize(count + 1);
    return parts;
  }

  private static byte[] joined(List<byte[]> parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    parts.forEach(out::writeBytes);
    return out.toByteArray();
  }

  @Test
  void aBitFlipAnywhereCostsOnlyTheResultItHits() throws Exception {
    List<byte[]> parts = parts(3);
    Path file = Segment.path(folder, 1);
    byte[] whole = joined(parts);
    for (int bit = 0; bit < whole.length * 8; bit++) {
      byte[] damaged = whole.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, damaged);
      int hit = 0;
      for (int end = parts.get(0).length; end <= bit / 8; end += parts.get(hit).length) {
        hit++;
      }
      List<Long> left = new ArrayList<>(upTo(3));
      left.remove((Object) (hit - 1L));
      Segment segment = Segment.scan(file, 1);
      assertThat(segment.frames)
          .as("bit %d of part %d", bit, hit)
          .extracting(frame -> frame.entry().number())
          .isEqualTo(left);
    }
  }

  @Test
  void damageIsCountedAndStaysInItsFileWhileNewResultsAreKept() throws Exception {
    byte[] damaged = joined(parts(396));
    damaged[damaged.length / 2] ^= 1;
    Files.write(Segment.path(folder, 1), damaged);
    for (int life = 0; life < 3; life++) {
      try (History history = open()) {
        assertThat(history.state().results()).isEqualTo(395 + life);
        assertThat(history.state().dropped()).isOne();
        append(history, 1);
      }
      assertThat(Files.readAllBytes(Segment.path(folder, 1))).startsWith(damaged);
    }
    try (History history = open()) {
      assertThat(numbers(history)).hasSize(398).endsWith(396L, 397L, 398L);
    }
  }

  @Test
  void zeroesAtTheEndAreKeptAsTheyAreAndTheNextFileBegins() throws Exception {
    List<byte[]> parts = parts(4);
    Arrays.fill(parts.get(3), (byte) 0);
    Arrays.fill(parts.get(4), (byte) 0);
    byte[] damaged = joined(parts);
    Files.write(Segment.path(folder, 1), damaged);
    for (int life = 0; life < 2; life++) {
      try (History history = open()) {
        assertThat(history.state().dropped()).isOne();
        assertThat(history.state().results()).isEqualTo(2 + life);
        assertThat(numbers(history)).startsWith(0L, 1L);
        append(history, 1);
      }
    }
    assertThat(Segment.path(folder, 1)).hasBinaryContent(damaged);
    assertThat(Segment.path(folder, 2)).exists();
  }

  @Test
  void aFileOfAnotherProgramIsNeitherReadNorWritten() throws Exception {
    byte[] foreign = "not a history, in spite of its name".repeat(9).getBytes("UTF-8");
    Files.write(Segment.path(folder, 1), foreign);
    try (History history = open()) {
      append(history, 2);
      assertThat(numbers(history)).hasSize(2);
    }
    assertThat(Segment.path(folder, 1)).hasBinaryContent(foreign);
  }

  @Test
  void aFileThatCannotBeReadCostsOnlyItsOwnResults() throws Exception {
    Files.createDirectory(Segment.path(folder, 1)); // reading it fails, for root too
    try (History history = open()) {
      assertThat(history.state().dropped()).isOne();
      append(history, 2);
      assertThat(numbers(history)).hasSize(2);
    }
  }

  @Test
  void aResultThatIsDamagedAfterTheStartIsNotGivenOut() throws Exception {
    byte[] whole = joined(parts(3));
    try (History history = open()) {
      byte[] damaged = whole.clone();
      damaged[whole.length - 1] ^= 1;
      Files.write(Segment.path(folder, 1), damaged);
      List<HistoryEntry> entries = history.entries(entry -> true, 9);
      assertThat(history.json(entries.get(0))).isEmpty();
      assertThat(history.json(entries.get(1))).contains(json(1));
    }
  }

  @Test
  void ageingDeletesFilesThatCannotBeReadNoEarlierThanTheirNeighbours() throws Exception {
    byte[] noise = new byte[5000];
    new Random(3).nextBytes(noise);
    Path file = Files.write(Segment.path(folder, 1), noise);
    Files.setLastModifiedTime(file, FileTime.from(wall));
    try (History history = open()) {
      append(history, 1);
      wall = wall.plus(Duration.ofDays(60));
      nanos += Duration.ofDays(60).toNanos();
      append(history, 1);
      assertThat(file).exists();
      assertThat(numbers(history)).hasSize(2);
      wall = wall.plus(Duration.ofDays(60));
      nanos += Duration.ofDays(60).toNanos();
      append(history, 1);
      assertThat(file).doesNotExist();
      assertThat(history.state().dropped()).isZero();
    }
  }

  /**
   * Flips, zeroes, removes and inserts bytes at random; undamaged results are read back by this run
   * of the daemon and by the next, which has appended more.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void randomDamageCostsOnlyWhatItTouches(int seed) throws Exception {
    Random random = new Random(seed);
    int count = 20;
    List<byte[]> intact = parts(count);
    for (int round = 0; round < 15; round++) {
      try (var files = Files.list(folder)) {
        for (Path file : files.filter(one -> one.toString().endsWith(".flm")).toList()) {
          Files.delete(file);
        }
      }
      List<byte[]> parts = new ArrayList<>(intact);
      TreeSet<Long> left = new TreeSet<>(upTo(count));
      int damages = 1 + random.nextInt(6);
      for (int i = 0; i < damages; i++) {
        int part = random.nextInt(intact.size());
        byte[] bytes = parts.get(part).clone();
        if (bytes.length == 0) {
          continue;
        }
        int from = random.nextInt(bytes.length);
        int length = 1 + random.nextInt(bytes.length - from);
        switch (random.nextInt(5)) {
          case 0 -> bytes[from] ^= (byte) (1 + random.nextInt(255));
          case 1 -> Arrays.fill(bytes, from, from + length, (byte) (bytes[from] == 0 ? 255 : 0));
          case 2 -> { // cut out
            byte[] shorter = Arrays.copyOf(bytes, bytes.length - length);
            System.arraycopy(bytes, from + length, shorter, from, bytes.length - from - length);
            bytes = shorter;
          }
          case 3 ->
              bytes =
                  joined(
                      List.of(
                          Arrays.copyOf(bytes, from),
                          noise(random),
                          Arrays.copyOfRange(bytes, from, bytes.length)));
          default -> { // between two results, which both stay
            parts.set(part, joined(List.of(bytes, noise(random))));
            continue;
          }
        }
        parts.set(part, bytes);
        if (!Arrays.equals(bytes, intact.get(part))) {
          left.remove(part - 1L);
        }
      }
      Files.write(Segment.path(folder, 1), joined(parts));
      try (History history = open()) {
        assertThat(numbers(history)).as("round %d", round).containsAll(left);
        append(history, 1);
      }
      try (History history = open()) {
        assertThat(numbers(history)).as("round %d, again", round).containsAll(left);
        assertThat(history.state().results()).isGreaterThan(left.size());
      }
    }
  }

  private static byte[] noise(Random random) {
    byte[] noise = new byte[1 + random.nextInt(700)];
    if (random.nextBoolean()) {
      random.nextBytes(noise);
    }
    return noise;
  }

  @Test
  void aBlockThatIsInTheFileTwiceReturnsItsResultsOnce() throws Exception {
    List<byte[]> parts = new ArrayList<>(parts(6));
    parts.addAll(3, parts.subList(1, 4));
    Files.write(Segment.path(folder, 1), joined(parts));
    try (History history = open()) {
      assertThat(numbers(history)).isEqualTo(upTo(6));
    }
  }

  @Test
  void aLargeDamagedFileIsSearchedAtOnce() throws Exception {
    List<byte[]> parts = parts(2);
    byte[] zeroes = new byte[32 << 20];
    IntStream.range(0, 1 << 20).forEach(i -> zeroes[i * 8 + 3] = (byte) i);
    Files.write(
        Segment.path(folder, 1), joined(List.of(parts.get(0), parts.get(1), zeroes, parts.get(2))));
    Segment segment = Segment.scan(Segment.path(folder, 1), 1);
    assertThat(segment.frames).hasSize(2);
  }
}
