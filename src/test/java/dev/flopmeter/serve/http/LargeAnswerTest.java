package dev.flopmeter.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.config.ServeConfig.Http;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Responses of many megabytes, from many threads at once. */
class LargeAnswerTest {
  @TempDir private Path folder;

  private static final int TOGETHER = 16;
  private static final int BYTES = 8_000_000;

  @Test
  void holdNoMemoryOutsideTheHeapAfterwards() throws Exception {
    Http settings = settings();
    assertThat(settings.threads()).isGreaterThanOrEqualTo(TOGETHER);
    byte[] content = new byte[BYTES];
    // All responses are in progress at the same time, so each occupies a thread of the server.
    CyclicBarrier all = new CyclicBarrier(TOGETHER);
    Route.Handler large =
        request ->
            new Response(
                200,
                BYTES,
                out -> {
                  meet(all);
                  out.write(content);
                },
                Map.of());
    ExecutorService threads = Executors.newFixedThreadPool(TOGETHER);
    long before = outsideTheHeap();
    try (HttpService service = HttpService.start(settings, List.of(Route.get("/", large)))) {
      List<CompletableFuture<Integer>> clients =
          IntStream.range(0, TOGETHER)
              .mapToObj(i -> CompletableFuture.supplyAsync(() -> received(service), threads))
              .toList();
      for (CompletableFuture<Integer> client : clients) {
        assertThat(client.get(60, TimeUnit.SECONDS)).isGreaterThan(BYTES);
      }
      assertThat(outsideTheHeap() - before).isLessThan(BYTES / 4);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void thatBreakOffEndTheConnection() throws Exception {
    byte[] part = new byte[1000];
    for (long length : new long[] {BYTES, 0}) {
      Route.Handler breaking =
          request ->
              new Response(
                  200,
                  length,
                  out -> {
                    out.write(part);
                    throw new IllegalStateException("breaks off");
                  },
                  Map.of());
      try (HttpService service = HttpService.start(settings(), List.of(Route.get("/", breaking)))) {
        // If the connection did not end, reading would run into its time limit.
        assertThat(received(service)).as("of %d bytes", length).isLessThan(BYTES);
      }
    }
  }

  private static void meet(CyclicBarrier all) {
    try {
      all.await(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException("not all threads answered at once", e);
    }
  }

  private static int received(HttpService service) {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), service.address().getPort())) {
      socket.setSoTimeout(30_000);
      String request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return socket.getInputStream().readAllBytes().length;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long outsideTheHeap() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  /**
   * The default limits except for the port: the JDK's server reads its limits once for all servers
   * of a process, so others would affect all later tests.
   */
  private Http settings() throws Exception {
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads: {w: {model: good, device: cpu, interval: 1h}}
            """);
    return new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty())
        .read(config)
        .http();
  }
}
