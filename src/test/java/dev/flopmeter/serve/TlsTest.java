package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon with TLS, with a certificate made by openssl. */
public class TlsTest {
  @TempDir private Path folder;

  /** Makes {@code cert.pem} and {@code key.pem}; skips the test without openssl. */
  public static void certificate(Path folder) throws Exception {
    Process openssl;
    try {
      openssl =
          new ProcessBuilder(
                  "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
                      .split(" "))
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("openssl.log").toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("skipped: openssl is not installed");
      throw e;
    }
    assertThat(openssl.waitFor()).isZero();
  }

  /** In Prometheus' format. */
  private String expirySeconds() throws Exception {
    try (InputStream in = Files.newInputStream(folder.resolve("cert.pem"))) {
      X509Certificate shown =
          (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
      return Double.toString(shown.getNotAfter().toInstant().getEpochSecond());
    }
  }

  private SSLContext trusting() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream in = Files.newInputStream(folder.resolve("cert.pem"))) {
      store.setCertificateEntry(
          "own", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  private static String healthy(Socket socket) throws IOException {
    return get(socket, "/-/healthy");
  }

  private static String get(Socket socket, String path) throws IOException {
    socket
        .getOutputStream()
        .write(
            ("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void aClientThatTrustsTheCertificateIsAnswered() throws Exception {
    certificate(folder);
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0", tls: {certificate: cert.pem, key: key.pem}}
            workloads: {w: {model: good, device: cpu, interval: 1h}}
            history: {folder: none}
            """);
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of())) {
      InetAddress loopback = InetAddress.getLoopbackAddress();
      try (Socket socket = trusting().getSocketFactory().createSocket(loopback, daemon.port)) {
        assertThat(healthy(socket))
            .startsWith("HTTP/1.1 200 ")
            .containsIgnoringCase("Strict-Transport-Security:")
            .endsWith("healthy\n");
      }
      try (Socket socket = trusting().getSocketFactory().createSocket(loopback, daemon.port)) {
        assertThat(get(socket, "/metrics"))
            .contains("\nflopmeter_tls_certificate_expiry_timestamp_seconds " + expirySeconds());
      }
      try (Socket plain = new Socket(loopback, daemon.port)) {
        plain.setSoTimeout(20_000);
        assertThat(answerOrNothing(plain)).doesNotContain("HTTP/1.1 200");
      }
      assertThat(Files.readString(daemon.log)).contains("serving https://");
    }
  }

  /** The protocol and cipher that the daemon negotiates with a client that only offers these. */
  private String agreed(int port, String protocol, String suite) throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            trusting().getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port)) {
      socket.setEnabledProtocols(new String[] {protocol});
      socket.setEnabledCipherSuites(new String[] {suite});
      socket.startHandshake();
      return socket.getSession().getCipherSuite();
    } catch (SSLException e) {
      return "refused";
    }
  }

  @Test
  void onlySuitesWithForwardSecrecyAndAuthenticatedEncryptionAreSpoken() throws Exception {
    certificate(folder);
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0", tls: {certificate: cert.pem, key: key.pem}}
            workloads: {w: {model: good, device: cpu, interval: 1h}}
            history: {folder: none}
            """);
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of())) {
      for (String suite :
          ((SSLSocketFactory) SSLSocketFactory.getDefault()).getSupportedCipherSuites()) {
        if (suite.startsWith("TLS_ECDHE_ECDSA_")) {
          boolean isModern = suite.contains("_GCM_") || suite.contains("_POLY1305_");
          assertThat(agreed(daemon.port, "TLSv1.2", suite)).isEqualTo(isModern ? suite : "refused");
        } else if (suite.matches("TLS_(AES|CHACHA).*")) {
          assertThat(agreed(daemon.port, "TLSv1.3", suite)).isEqualTo(suite);
        }
      }
    }
  }

  private static void ask(Socket socket) throws IOException {
    socket
        .getOutputStream()
        .write("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    byte[] answer = new byte[4096];
    int length = 0;
    while (!new String(answer, 0, length, StandardCharsets.UTF_8).endsWith("healthy\n")) {
      int n = socket.getInputStream().read(answer, length, answer.length - length);
      assertThat(n).as("the connection is kept").isPositive();
      length += n;
    }
  }

  private static void hangUp(DaemonProcess daemon, String told) throws Exception {
    long before = lines(daemon, told);
    assertThat(
            new ProcessBuilder("kill", "-HUP", Long.toString(daemon.process.pid()))
                .start()
                .waitFor())
        .isZero();
    await().atMost(Duration.ofSeconds(20)).until(() -> lines(daemon, told) > before);
  }

  private static long lines(DaemonProcess daemon, String told) throws IOException {
    return Files.readString(daemon.log).lines().filter(line -> line.contains(told)).count();
  }

  @Test
  void aNewCertificateIsTakenAtTheSignalAndABadOneIsNot() throws Exception {
    certificate(folder);
    SSLContext first = trusting();
    // A client without an earlier session: a resumed session needs no certificate.
    SSLContext firstAgain = trusting();
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0", tls: {certificate: cert.pem, key: key.pem}}
            workloads: {w: {model: good, device: cpu, interval: 1h}}
            history: {folder: none}
            """);
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of());
        Socket old = first.getSocketFactory().createSocket(loopback, daemon.port)) {
      old.setSoTimeout(20_000);
      ask(old);

      certificate(folder);
      SSLContext second = trusting();
      hangUp(daemon, "configuration reloaded");
      try (Socket socket = second.getSocketFactory().createSocket(loopback, daemon.port)) {
        assertThat(healthy(socket)).startsWith("HTTP/1.1 200 ");
      }
      try (Socket socket = firstAgain.getSocketFactory().createSocket(loopback, daemon.port)) {
        assertThatThrownBy(() -> healthy(socket)).isInstanceOf(SSLException.class);
      }
      ask(old);

      byte[] good = Files.readAllBytes(folder.resolve("cert.pem"));
      certificate(folder);
      Files.write(folder.resolve("cert.pem"), good);
      hangUp(daemon, "do not match");
      Files.writeString(folder.resolve("cert.pem"), "no certificate\n");
      hangUp(daemon, "configuration not reloaded: http.tls.certificate: ");
      try (Socket socket = second.getSocketFactory().createSocket(loopback, daemon.port)) {
        assertThat(healthy(socket)).startsWith("HTTP/1.1 200 ");
      }
      ask(old);
    }
  }

  /**
   * The server closes connections that are not TLS; how the client sees this depends on the system.
   */
  private static String answerOrNothing(Socket socket) {
    try {
      return healthy(socket);
    } catch (SSLException | java.net.SocketException e) {
      return "";
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aKeyOfAnotherKindIsOneLine() throws Exception {
    certificate(folder);
    Files.writeString(folder.resolve("key.pem"), "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n");
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0", tls: {certificate: cert.pem, key: key.pem}}
            workloads: {w: {model: good, device: cpu, interval: 1h}}
            history: {folder: none}
            """);
    try (DaemonProcess daemon = DaemonProcess.start(config, Map.of())) {
      assertThat(daemon.process.waitFor()).isEqualTo(2);
      assertThat(Files.readString(daemon.log))
          .startsWith("flopmeter: http.tls.key: ")
          .contains("holds no PEM private key")
          .hasLineCount(1);
    }
  }
}
