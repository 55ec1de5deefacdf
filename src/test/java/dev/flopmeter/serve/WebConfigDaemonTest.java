package dev.flopmeter.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import at.favre.lib.crypto.bcrypt.BCrypt;
import dev.flopmeter.serve.config.ConfigReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLSession;
import nl.altindag.ssl.SSLFactory;
import nl.altindag.ssl.pem.util.PemUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon with the web configuration of Prometheus' exporters. */
class WebConfigDaemonTest {
  private static final String SERVER =
      "tls_server_config: {cert_file: server/cert.pem, key_file: server/key.pem";

  @TempDir private Path folder;
  private Daemon daemon;

  /** Three parties, each with a self-signed certificate. */
  @BeforeEach
  void certificates() throws Exception {
    for (String party : new String[] {"server", "client", "stranger"}) {
      TlsTest.certificate(Files.createDirectory(folder.resolve(party)));
    }
  }

  private void start(String web) throws Exception {
    Files.writeString(folder.resolve("web.yml"), web);
    Path config =
        Files.writeString(
            folder.resolve("f.yaml"),
            """
            http: {listen: "127.0.0.1:0"}
            workloads: {w: {model: good, device: cpu, interval: 1h}}
            history: {folder: none}
            """);
    Optional<String> given = Optional.of(folder.resolve("web.yml").toString());
    ConfigReader reader = new ConfigReader(Map.of(), Set.of(), Optional.empty(), given);
    daemon = DaemonInProcess.start(() -> reader.read(config), FakeWorker.command());
  }

  @AfterEach
  void stop() throws IOException {
    daemon.close();
  }

  private HttpResponse<String> get(String path, String party) throws Exception {
    return send("GET", path, party);
  }

  /** Sends a request as a party, or anonymously if the party is empty. */
  private HttpResponse<String> send(String method, String path, String party) throws Exception {
    SSLFactory.Builder tls =
        SSLFactory.builder()
            .withTrustMaterial(PemUtils.loadTrustMaterial(folder.resolve("server/cert.pem")));
    if (!party.isEmpty()) {
      Path own = folder.resolve(party);
      tls.withIdentityMaterial(
          PemUtils.loadIdentityMaterial(own.resolve("cert.pem"), own.resolve("key.pem")));
    }
    return HttpClient.newBuilder()
        .sslContext(tls.build().getSslContext())
        .build()
        .send(
            HttpRequest.newBuilder(
                    URI.create("https://localhost:" + daemon.address().getPort() + path))
                .method(method, BodyPublishers.noBody())
                .build(),
            BodyHandlers.ofString());
  }

  private void refuses(String party) {
    assertThatThrownBy(() -> get("/-/healthy", party)).isInstanceOf(IOException.class);
  }

  @Test
  void onlyClientsWhoseCertificateIsVerifiedComeIn() throws Exception {
    start(
        SERVER
            + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: client/cert.pem}\n");
    assertThat(get("/metrics", "client").statusCode()).isEqualTo(200);
    refuses("");
    refuses("stranger");
    assertThat(send("POST", "/api/v1/workloads/w/runs", "client").statusCode())
        .as("who is verified may start work")
        .isIn(202, 503);

    Files.copy(folder.resolve("stranger/cert.pem"), folder.resolve("client/both.pem"));
    Files.writeString(
        folder.resolve("web.yml"),
        SERVER
            + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: client/both.pem}\n");
    assertThat(daemon.reload()).isEmpty();
    assertThat(get("/metrics", "stranger").statusCode()).as("after a reload").isEqualTo(200);
  }

  @Test
  void aClientCertificateIsOptional() throws Exception {
    start(
        SERVER + ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: client/cert.pem}\n");
    assertThat(get("/metrics", "").statusCode()).isEqualTo(200);
    assertThat(get("/metrics", "client").statusCode()).isEqualTo(200);
    refuses("stranger");
    assertThat(send("POST", "/api/v1/workloads/w/runs", "client").statusCode()).isEqualTo(403);
  }

  @Test
  void anyCertificateWillDo() throws Exception {
    start(SERVER + ", client_auth_type: RequireAnyClientCert}\n");
    assertThat(get("/metrics", "stranger").statusCode()).isEqualTo(200);
    refuses("");
  }

  @Test
  void suitesVersionsHeadersAndUsers() throws Exception {
    String hash = BCrypt.withDefaults().hashToString(4, "p".toCharArray());
    start(
        SERVER
            + """
            , max_version: TLS12, cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]}
            http_server_config:
              headers: {X-Frame-Options: sameorigin, X-XSS-Protection: "0"}
            basic_auth_users:
              alice: %s
            """
                .formatted(hash));
    HttpResponse<String> refused = get("/metrics", "");
    assertThat(refused.statusCode()).isEqualTo(401);
    assertThat(refused.headers().allValues("X-Frame-Options")).containsExactly("sameorigin");
    assertThat(refused.headers().firstValue("X-XSS-Protection")).contains("0");
    SSLSession session = refused.sslSession().orElseThrow();
    assertThat(session.getProtocol()).isEqualTo("TLSv1.2");
    assertThat(session.getCipherSuite()).isEqualTo("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
  }
}
