package dev.flopmeter.run.cudnn.execute;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanCacheTest {
  private static final String DEVICE = "A GPU cudnn=9.10";
  private static final long LARGE = 1 << 20;

  @TempDir Path folder;

  private PlanCache open(String identity) {
    return new PlanCache(folder.resolve("plans"), identity, LARGE);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("plans"))) {
      return files.sorted().toList();
    }
  }

  @Test
  void anotherProcessFindsWhatWasNoted() {
    open(DEVICE).put("conv", "0 41 1 1\n{\"a\":1}");
    PlanCache next = open(DEVICE);
    assertThat(next.find("conv")).contains("0 41 1 1\n{\"a\":1}");
    assertThat(next.find("another")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"A GPU cudnn=9.28", "B GPU cudnn=9.10", ""})
  void entriesBelongToOneDeviceAndVersion(String other) {
    open(DEVICE).put("conv", "value");
    assertThat(open(other).find("conv")).isEmpty();
    assertThat(open(DEVICE).find("conv")).contains("value");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 63, 64, 65, 70, 90})
  void truncatedFileIsIgnored(int length) throws IOException {
    PlanCache cache = open(DEVICE);
    cache.put("conv", "value");
    Path file = files().get(0);
    String whole = Files.readString(file);
    Files.writeString(file, whole.substring(0, Math.min(length, whole.length() - 1)));
    assertThat(cache.find("conv")).isEmpty();
    cache.put("conv", "again");
    assertThat(cache.find("conv")).contains("again");
  }

  @Test
  void noByteCanChangeUnnoticed() throws IOException {
    PlanCache cache = open(DEVICE);
    cache.put("conv", "0 41 1 1\n{}");
    Path file = files().get(0);
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < whole.length; i++) {
      byte[] changed = whole.clone();
      changed[i] ^= 0x20;
      Files.write(file, changed);
      assertThat(cache.find("conv")).as("byte " + i).isEmpty();
    }
  }

  @Test
  void fileThatIsNotTextIsIgnored() throws IOException {
    PlanCache cache = open(DEVICE);
    cache.put("conv", "value");
    Files.write(files().get(0), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    assertThat(cache.find("conv")).isEmpty();
  }

  @Test
  void fileUnderAnotherProblemsNameIsIgnored() throws IOException {
    PlanCache cache = open(DEVICE);
    cache.put("conv", "value");
    Path file = files().get(0);
    String text = Files.readString(file);
    Files.delete(file);
    cache.put("matmul", "other");
    Files.writeString(files().get(0), text);
    assertThat(cache.find("matmul")).isEmpty();
  }

  @Test
  void folderThatCannotBeMadeOnlyCostsTime() throws IOException {
    Files.writeString(folder.resolve("plans"), "a file");
    PlanCache cache = open(DEVICE);
    cache.put("conv", "value");
    assertThat(cache.find("conv")).isEqualTo(Optional.empty());
    cache.trim();
  }

  @Test
  void leastRecentlyUsedGoFirst() throws IOException {
    PlanCache cache = new PlanCache(folder.resolve("plans"), DEVICE, 2500);
    String kilobyte = "x".repeat(1000);
    for (String problem : List.of("a", "b", "c")) {
      cache.put(problem, kilobyte);
    }
    for (Path file : files()) {
      Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
    }
    assertThat(cache.find("a")).isPresent(); // used now
    cache.trim();
    assertThat(files()).hasSize(2);
    assertThat(cache.find("a")).isPresent();
  }

  @Test
  void manyWritersLeaveWholeFiles() throws IOException {
    CompletableFuture<?>[] writers =
        IntStream.range(0, 8)
            .mapToObj(
                i ->
                    CompletableFuture.runAsync(
                        () -> {
                          PlanCache cache = open(DEVICE);
                          for (int j = 0; j < 50; j++) {
                            cache.put("conv", "value".repeat(1000) + i);
                            assertThat(cache.find("conv")).isPresent();
                          }
                          cache.trim();
                        }))
            .toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(writers).join();
    assertThat(files()).hasSize(1);
  }
}
