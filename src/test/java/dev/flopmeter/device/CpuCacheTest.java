package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuCacheTest {
  @TempDir Path folder;

  private void cache(int index, String level, String type, String size, String shared)
      throws IOException {
    Path entry = Files.createDirectories(folder.resolve("index" + index));
    Files.writeString(entry.resolve("level"), level + "\n");
    Files.writeString(entry.resolve("type"), type + "\n");
    Files.writeString(entry.resolve("size"), size + "\n");
    Files.writeString(entry.resolve("shared_cpu_list"), shared + "\n");
  }

  @Test
  void dataCachesAreReadFromSmallToLarge() throws IOException {
    cache(3, "3", "Unified", "107520K", "0-3,8-11");
    cache(0, "1", "Data", "48K", "0");
    cache(1, "1", "Instruction", "32K", "0");
    cache(2, "2", "Unified", "2048K", "0,8");
    Files.writeString(folder.resolve("uevent"), "");
    assertThat(CpuCache.in(folder))
        .containsExactly(
            new CpuCache(1, 48 * 1024, 1),
            new CpuCache(2, 2048 * 1024, 2),
            new CpuCache(3, 107520 * 1024, 8));
  }

  @Test
  void cachesOfTheirOwnAddUpOverProcessors() {
    assertThat(new CpuCache(1, 48 * 1024, 1).bytesOf(6)).isEqualTo(6 * 48 * 1024);
    assertThat(new CpuCache(2, 2048 * 1024, 2).bytesOf(5)).isEqualTo(3 * 2048 * 1024);
    assertThat(new CpuCache(3, 32 << 20, 8).bytesOf(2)).isEqualTo(32 << 20);
  }

  @Test
  void whereTheSystemDoesNotTellThemThereAreNone() throws IOException {
    assertThat(CpuCache.in(folder.resolve("absent"))).isEmpty();
    cache(0, "1", "Data", "much", "0");
    assertThat(CpuCache.in(folder)).isEmpty();
    Files.delete(folder.resolve("index0").resolve("size"));
    assertThat(CpuCache.in(folder)).isEmpty();
  }
}
