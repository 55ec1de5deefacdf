package dev.flopmeter.serve.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A process and all its descendants. Children are recorded while their parent lives, because the
 * system does not report the former parent of an orphan. Thread-safe.
 */
final class ProcessTree {
  private static final Path PROC = Path.of("/proc");
  private static final int PAGE = 4096;

  private final ProcessHandle root;
  private final Map<Long, ProcessHandle> seen = new LinkedHashMap<>();

  ProcessTree(Process process) {
    root = process.toHandle();
    seen.put(root.pid(), root);
  }

  /** Records children that appeared since the last call. */
  synchronized void look() {
    root.descendants().forEach(child -> seen.putIfAbsent(child.pid(), child));
    seen.values().removeIf(handle -> !handle.equals(root) && !handle.isAlive());
  }

  /** Parents first: one whose child ends may start another. */
  private synchronized List<ProcessHandle> known() {
    return List.copyOf(seen.values());
  }

  /** Resident memory of all of them in bytes; 0 if the system does not report it. */
  long residentBytes() {
    long pages = 0;
    for (ProcessHandle handle : known()) {
      try {
        String[] fields = Files.readString(PROC.resolve(handle.pid() + "/statm")).split(" ", 3);
        pages += Long.parseLong(fields[1]);
      } catch (IOException ignored) {
        // ended meanwhile, or no Linux; the limit is a safety net and no run fails for it
      }
    }
    return pages * PAGE;
  }

  /** Terminates all, and kills after a grace period those that are left. */
  void end(Duration grace) throws InterruptedException {
    look();
    List<ProcessHandle> all = known();
    all.forEach(ProcessHandle::destroy);
    CompletableFuture<?>[] exits =
        all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
    try {
      CompletableFuture.allOf(exits).get(grace.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      kill();
    }
    // Children that an ending process started after the first look.
    look();
    kill();
  }

  void kill() {
    look();
    known().forEach(ProcessHandle::destroyForcibly);
  }
}
