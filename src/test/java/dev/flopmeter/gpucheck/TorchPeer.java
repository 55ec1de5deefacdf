package dev.flopmeter.gpucheck;

import dev.flopmeter.gpucheck.Outcome.State;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * PyTorch, in one process that is idle between its turns ({@code gpu-check-torch.py}): a line of
 * JSON is a request, a line is the answer. If it does not answer in time it is killed, and started
 * again for the next request.
 */
final class TorchPeer implements AutoCloseable {
  private final Programs programs;
  private final Settings settings;
  private final Results results;
  private @Nullable Process process;
  private BlockingQueue<String> answers = new LinkedBlockingQueue<>();

  TorchPeer(Programs programs, Settings settings, Results results) {
    this.programs = programs;
    this.settings = settings;
    this.results = results;
  }

  boolean isPresent() {
    return settings.python().isPresent();
  }

  /** Starts it early, so that it is ready for the first request. */
  void start() throws IOException {
    if (process != null || !isPresent()) {
      return;
    }
    // The end of the whole check is its deadline.
    List<String> command = new ArrayList<>(Programs.timeout(settings.budget()));
    command.add(settings.python().orElseThrow());
    command.add(settings.home().resolve("gpu-check-torch.py").toString());
    command.add(settings.device().replace("cuda:", ""));
    Path errors = results.file("torch-log.txt");
    Process started = programs.start(command, ProcessBuilder.Redirect.to(errors.toFile()));
    BlockingQueue<String> queue = new LinkedBlockingQueue<>();
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader lines = started.inputReader(StandardCharsets.UTF_8)) {
                lines.lines().filter(line -> line.startsWith("{")).forEach(queue::add);
              } catch (IOException | java.io.UncheckedIOException ignored) {
                // the process was killed
              }
              queue.add("");
            });
    reader.setDaemon(true);
    reader.start();
    answers = queue;
    process = started;
  }

  /** Times the network once more and stores the answer. */
  Outcome time(String item, Duration limit, int batch, String mode)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    start();
    String question =
        "{\"network\":\"%s\",\"precision\":\"fp16\",\"batch\":%d,\"mode\":\"%s\",\"seconds\":%d}%n"
            .formatted(settings.network(), batch, mode, settings.time().toSeconds());
    Process asked = java.util.Objects.requireNonNull(process);
    try {
      Writer out = asked.outputWriter(StandardCharsets.UTF_8);
      out.write(question);
      out.flush();
    } catch (IOException e) {
      answers.add("");
    }
    String answer = "";
    do { // the first line only has the versions
      long left = limit.toNanos() - (System.nanoTime() - begin);
      answer = answers.poll(Math.max(0, left), TimeUnit.NANOSECONDS);
      if (answer != null && !answer.isEmpty()) {
        Files.writeString(
            results.file("torch.jsonl"),
            answer + "\n",
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      }
    } while (answer != null && answer.contains("\"ready\""));
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    if (answer == null) {
      close();
      String detail = "stopped after its limit of " + limit.toSeconds() + " s";
      return new Outcome(item, State.LEFT_OUT, took, detail);
    }
    if (answer.isEmpty()) {
      close();
      return new Outcome(item, State.FAILED, took, "PyTorch ended; see torch-log.txt");
    }
    return answer.contains("\"error\"")
        ? new Outcome(item, State.FAILED, took, answer)
        : new Outcome(item, State.DONE, took, "");
  }

  @Override
  public void close() {
    if (process != null) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      process = null;
    }
  }
}
