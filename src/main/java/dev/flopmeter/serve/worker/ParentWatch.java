package dev.flopmeter.serve.worker;

import java.io.IOException;
import java.io.InputStream;

/**
 * Ends a worker whose daemon is gone, with everything that the worker started: otherwise it would
 * measure on beside the next daemon's, and both results would be wrong. The daemon holds the other
 * end of the worker's standard input; however the daemon ends, the system closes it.
 */
public final class ParentWatch {
  private ParentWatch() {}

  /** Watches from a thread of its own; for processes with {@link WorkerCommand#UNDER_DAEMON}. */
  public static void start() {
    Thread thread = new Thread(() -> watch(System.in), "parent-watch");
    thread.setDaemon(true);
    thread.start();
  }

  private static void watch(InputStream pipe) {
    try {
      while (pipe.read() >= 0) {
        // The daemon writes nothing; other input is ignored.
      }
    } catch (IOException ignored) {
      // A pipe that breaks has ended, too.
    }
    ProcessHandle self = ProcessHandle.current();
    self.descendants().forEach(ProcessHandle::destroyForcibly);
    try {
      // Not Runtime.halt: native libraries that are still computing may crash or hang in exit().
      new ProcessBuilder("kill", "-KILL", Long.toString(self.pid())).start().waitFor();
    } catch (IOException ignored) {
      // no such program; the other way then
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(1);
  }
}
