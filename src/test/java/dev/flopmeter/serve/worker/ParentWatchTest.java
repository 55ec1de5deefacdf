package dev.flopmeter.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A worker ends with its daemon, in whatever way the daemon ends. */
class ParentWatchTest {

  /** A worker that does nothing and has a child, until it is ended. */
  static final class Worker {
    public static void main(String[] args) throws IOException, InterruptedException {
      ParentWatch.start();
      System.out.println(new ProcessBuilder("sleep", "1000").start().pid());
      new CountDownLatch(1).await();
    }
  }

  @Test
  void theEndOfItsInputEndsAWorkerAndItsChildren() throws Exception {
    Process worker =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName())
            .start();
    try (BufferedReader out = worker.inputReader(StandardCharsets.US_ASCII)) {
      ProcessHandle child = ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow();
      worker
          .getOutputStream()
          .write("a line that nobody reads\n".getBytes(StandardCharsets.US_ASCII));
      worker.getOutputStream().flush();
      assertThat(worker.isAlive()).isTrue();

      worker.getOutputStream().close();

      assertThat(worker.waitFor(20, TimeUnit.SECONDS)).isTrue();
      await().atMost(Duration.ofSeconds(5)).until(() -> !child.isAlive());
    } finally {
      worker.destroyForcibly();
    }
  }
}
