package dev.flopmeter.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.serve.config.ListenAddress;
import dev.flopmeter.serve.config.ServeConfig.Http;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The requests that the server accepts and rejects, byte by byte. */
class HttpServiceTest {
  private static final AtomicInteger posts = new AtomicInteger();
  private static HttpService service;

  private static Http http(ListenAddress listen) {
    return new Http(
        listen,
        List.of("gpu.example"),
        true,
        100,
        8,
        Duration.ofSeconds(5),
        Duration.ofSeconds(60),
        16 << 10,
        Optional.empty(),
        Map.of(),
        Map.of());
  }

  @BeforeAll
  static void start() throws IOException {
    service =
        HttpService.start(
            http(new ListenAddress("127.0.0.1", 0)),
            List.of(
                Route.get("/page", request -> Response.text(200, "page")),
                Route.post(
                    "/change",
                    request -> {
                      posts.incrementAndGet();
                      return Response.text(200, "changed");
                    })));
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  private String send(String request) throws IOException {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), service.address().getPort())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String get(String headers) {
    return "GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n";
  }

  @ParameterizedTest
  @ValueSource(ints = {17_000, 38_000, 60_000, 80_000})
  void largeHeadersAreRefusedWithTheirOwnStatus(int size) throws Exception {
    assertThat(send(get("X-Large: " + "x".repeat(size) + "\r\n"))).startsWith("HTTP/1.1 431 ");
    assertThat(send(get(("X-Some: " + "x".repeat(490) + "\r\n").repeat(size / 500))))
        .startsWith("HTTP/1.1 431 ");
    assertThat(send(get("").replace("/page", "/page?" + "x".repeat(size))))
        .startsWith("HTTP/1.1 431 ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gzip                     | true
          GZIP                     | true
          x-gzip                   | true
          br, deflate ,gzip , zstd | true
          gzip;q=0.001             | true
          gzip; q=1.0              | true
          gzip;q=0                 | false
          gzip; q=0                | false
          gzip ;q = 0.000          | false
          GZIP;Q=0                 | false
          not-gzip-at-all          | false
          deflate, zstd, br        | false
          *                        | false
          identity                 | false
          ''                       | false
          """)
  void gzipIsAcceptedWhereItIsNamedWithAQualityAbove0(String encodings, boolean isAccepted) {
    assertThat(HttpService.isGzipAccepted(encodings)).isEqualTo(isAccepted);
  }

  @Test
  void manyHeadersAreRefusedToo() throws Exception {
    assertThat(send(get("X: y\r\n".repeat(97)))).startsWith("HTTP/1.1 200 ");
    assertThat(send(get("X: y\r\n".repeat(120)))).startsWith("HTTP/1.1 431 ");
    String different =
        IntStream.range(0, 1000).mapToObj(i -> "X" + i + ": y\r\n").collect(Collectors.joining());
    assertThat(send(get(different))).startsWith("HTTP/1.1 431 ");
    assertThat(send(get("X-Large: " + "x".repeat(15_000) + "\r\n"))).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void headersAreLimitedToTheHeapForAllThreads() {
    Http http = http(new ListenAddress("127.0.0.1", 0));
    long heap = 12L * http.threads() * 85_000;
    assertThat(HttpService.readableHeader(http, heap)).isEqualTo(85_000);
    assertThat(HttpService.readableHeader(http, heap / 100)).isEqualTo(2 * http.maxHeaderSize());
    assertThat(HttpService.readableHeader(http, heap * 100)).isEqualTo(1 << 20);
  }

  private String post(String host, String origin) throws IOException {
    return send(
        "POST /change HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n"
            + (host.isEmpty() ? "" : "Host: " + host + "\r\n")
            + (origin.isEmpty() ? "" : "Origin: " + origin + "\r\n")
            + "\r\n");
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:19400, ''",
    "localhost:19400, ''",
    "LOCALHOST, ''",
    "[::1]:19400, ''",
    "192.0.2.7:19400, ''",
    "gpu.example, ''",
    "127.0.0.1:19400, http://127.0.0.1:19400",
    "localhost:19400, http://LocalHost:19400",
    "'[::1]:19400', 'http://[::1]:19400'",
    "gpu.example, https://gpu.example",
    "127.0.0.1:19400, https://gpu.example"
  })
  void ownNamesAndPagesMayPost(String host, String origin) throws Exception {
    int before = posts.get();
    assertThat(post(host, origin)).startsWith("HTTP/1.1 200 ");
    assertThat(posts).hasValue(before + 1);
  }

  @ParameterizedTest
  @CsvSource({
    "'', ''",
    "evil.example:19400, ''",
    "evil.example:19400, http://evil.example:19400",
    "localhost.evil.example, ''",
    "127.0.0.1.evil.example:19400, ''",
    "127.0.0.1:19400, http://evil.example",
    "127.0.0.1:19400, http://127.0.0.1:8080",
    "127.0.0.1:19400, http://localhost:19400",
    "127.0.0.1:19400, null",
    "127.0.0.1:19400, http://gpu.example.evil.example",
    "127.0.0.1:19400, http://evil.example@127.0.0.1:19400",
    "127.0.0.1:19400, file://",
    "gpu.example@evil.example, ''"
  })
  void anotherSitesPageMayNot(String host, String origin) throws Exception {
    int before = posts.get();
    assertThat(post(host, origin)).startsWith("HTTP/1.1 403 ");
    assertThat(posts).hasValue(before);
  }

  @Test
  void readingIsFreeOfThat() throws Exception {
    assertThat(send(get("Origin: http://evil.example\r\n"))).startsWith("HTTP/1.1 200 ");
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          192.0.2.1,    Cannot assign requested address
          ::zz,         ::zz is not an address of this host
          """)
  void anAddressOfAnotherHost(String host, String why) {
    Http other = http(new ListenAddress(host, 0));
    String line =
        "cannot listen on " + other.listen() + ": " + why + "; change http.listen or use --listen";
    assertThatThrownBy(() -> HttpService.check(other)).hasMessage(line);
    assertThatThrownBy(() -> HttpService.start(other, List.of())).hasMessage(line);
  }

  @Test
  void aPortInUse() {
    Http same = http(new ListenAddress("127.0.0.1", service.address().getPort()));
    assertThatThrownBy(() -> HttpService.check(same))
        .isInstanceOf(BindException.class)
        .hasMessageContaining("Address already in use; change http.listen or use --listen");
  }
}
