package dev.flopmeter.gpucheck;

import dev.flopmeter.gpucheck.Outcome.State;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs flopmeter in separate processes: a crash, a hang or a lost device affects only one item. */
final class Programs {
  private static final int KILLED_BY_TIMEOUT = 137;

  private final Path work;
  private final List<String> java;

  Programs(Path work) {
    this.work = work;
    this.java =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-Dai.djl.offline=true",
            "-cp",
            System.getProperty("java.class.path"));
  }

  /** Runs a command of flopmeter. */
  Outcome flopmeter(String item, Duration limit, List<String> arguments)
      throws IOException, InterruptedException {
    return java(item, limit, "dev.flopmeter.cli.Main", arguments);
  }

  /** Runs a command of this check. */
  Outcome check(String item, Duration limit, List<String> arguments)
      throws IOException, InterruptedException {
    return java(item, limit, GpuCheck.class.getName(), arguments);
  }

  private Outcome java(String item, Duration limit, String main, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(timeout(limit));
    command.addAll(java);
    command.add(main);
    command.addAll(arguments);
    File log = work.resolve("log.txt").toFile();
    Files.writeString(
        log.toPath(),
        "== " + item + ": " + main + " " + String.join(" ", arguments) + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    long before = log.length();
    long start = System.nanoTime();
    Process process = start(command, ProcessBuilder.Redirect.appendTo(log));
    process.getOutputStream().close();
    int code = process.waitFor();
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    if (code == 0) {
      return new Outcome(item, State.DONE, took, "");
    }
    if (code == KILLED_BY_TIMEOUT && took.toMillis() >= limit.toMillis()) {
      String detail = "stopped after its limit of " + limit.toSeconds() + " s";
      return new Outcome(item, State.LEFT_OUT, took, detail);
    }
    return new Outcome(item, State.FAILED, took, "exit code " + code + ": " + last(log, before));
  }

  /** The process exits by itself even if this one is killed first. */
  static List<String> timeout(Duration limit) {
    return List.of(
        "timeout", "-s", "KILL", String.format(Locale.ROOT, "%.3f", limit.toMillis() / 1e3));
  }

  /** Starts a program with its caches in the work folder. */
  Process start(List<String> command, ProcessBuilder.Redirect errors) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors);
    if (errors.type() == ProcessBuilder.Redirect.Type.APPEND) {
      builder.redirectOutput(errors);
    }
    builder.environment().putAll(Map.of("XDG_CACHE_HOME", work.resolve("cache").toString()));
    Process process = builder.start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
    return process;
  }

  private static String last(File log, long from) throws IOException {
    byte[] all = Files.readAllBytes(log.toPath());
    String text = new String(all, (int) from, (int) (all.length - from)).strip();
    return text.substring(text.lastIndexOf('\n') + 1);
  }
}
