package dev.flopmeter.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A level of the processor's data caches, as Linux describes them.
 *
 * @param level 1 for the one next to the core
 * @param bytes of one cache
 * @param sharedBy processors that use one cache
 */
public record CpuCache(int level, long bytes, int sharedBy) {
  /** Those of this machine, from small to large; empty if the system does not report them. */
  public static List<CpuCache> here() {
    return in(Path.of("/sys/devices/system/cpu/cpu0/cache"));
  }

  /** Reads the folders {@code index0}, {@code index1}, ... of one processor. */
  static List<CpuCache> in(Path folder) {
    TreeMap<Integer, CpuCache> byLevel = new TreeMap<>();
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path entry :
          entries.filter(path -> path.getFileName().toString().startsWith("index")).toList()) {
        if (!read(entry, "type").equals("Instruction")) {
          CpuCache cache =
              new CpuCache(
                  Integer.parseInt(read(entry, "level")),
                  kibibytes(read(entry, "size")),
                  processors(read(entry, "shared_cpu_list")));
          byLevel.put(cache.level, cache);
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      return List.of(); // a container may hide the folder, or another kernel may use another format
    }
    return List.copyOf(byLevel.values());
  }

  /** The total capacity of this level's caches over this number of processors. */
  public long bytesOf(int processors) {
    return bytes * ((processors + sharedBy - 1) / sharedBy);
  }

  private static String read(Path entry, String file) throws IOException {
    return Files.readString(entry.resolve(file)).strip();
  }

  /** The kernel always writes {@code 48K}. */
  private static long kibibytes(String size) {
    if (!size.endsWith("K")) {
      throw new IllegalArgumentException("a cache's size is " + size);
    }
    return 1024 * Long.parseLong(size.substring(0, size.length() - 1));
  }

  /** How many processors {@code 0-3,8-11} names: 8. */
  private static int processors(String list) {
    int count = 0;
    for (String range : list.split(",", -1)) {
      String[] ends = range.split("-", -1);
      count += Integer.parseInt(ends[ends.length - 1]) - Integer.parseInt(ends[0]) + 1;
    }
    return count;
  }
}
