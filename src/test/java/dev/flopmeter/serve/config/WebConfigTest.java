package dev.flopmeter.serve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.flopmeter.serve.config.ServeConfig.Clients;
import dev.flopmeter.serve.config.ServeConfig.Http;
import dev.flopmeter.serve.config.ServeConfig.Suites;
import dev.flopmeter.serve.config.ServeConfig.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The web configuration of Prometheus' exporters, as their toolkit documents it. */
class WebConfigTest {
  private static final String HASH = "$2y$10$abcdefghijklmnopqrstuuW5V9a0tqGqB3l0l6kQkqjWz7V8YwK3u";
  private static final String FILES = "cert_file: tls/cert.pem, key_file: tls/key.pem";

  @TempDir private Path folder;

  @BeforeEach
  void files() throws IOException {
    Files.createDirectories(folder.resolve("web/tls"));
    for (String name : List.of("cert.pem", "key.pem", "ca.pem")) {
      Files.writeString(folder.resolve("web/tls").resolve(name), "");
    }
  }

  private ServeConfig read(String web, String http) throws ConfigException, IOException {
    Files.writeString(folder.resolve("web/web.yml"), web);
    Path file =
        Files.writeString(
            folder.resolve("f.yaml"),
            "http: {web_config_file: web/web.yml" + http + "}\nworkloads: {w: {model: m}}\n");
    return new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty()).read(file);
  }

  private Http http(String web) throws ConfigException, IOException {
    return read(web, "").http();
  }

  private String problems(String web, String http) {
    ConfigException e = catchThrowableOfType(ConfigException.class, () -> read(web, http));
    assertThat(e).isNotNull();
    return e.problems().stream()
        .map(problem -> problem.replace(folder + "/", ""))
        .collect(Collectors.joining("\n"));
  }

  @Test
  void everythingThatIsDone() throws Exception {
    Http http =
        http(
            """
            tls_server_config:
              cert_file: tls/cert.pem
              key_file: %s/web/tls/key.pem
              client_auth_type: RequireAndVerifyClientCert
              client_ca_file: tls/ca.pem
              min_version: TLS13
              max_version: TLS13
              cipher_suites:
                - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
              prefer_server_cipher_suites: false
            http_server_config:
              http2: false
              headers:
                Content-Security-Policy: default-src 'self'
                X-Frame-Options: deny
                X-Content-Type-Options: nosniff
                X-XSS-Protection: 1; mode=block
                Strict-Transport-Security: max-age=31536000; includeSubDomains
            basic_auth_users:
              alice: %s
            """
                .formatted(folder, HASH));
    Path tls = folder.resolve("web/tls");
    assertThat(http.tls())
        .contains(
            new Tls(
                tls.resolve("cert.pem"),
                tls.resolve("key.pem"),
                Optional.empty(),
                new Suites(
                    List.of("TLSv1.3"), List.of("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), false),
                new Clients("RequireAndVerifyClientCert", Optional.of(tls.resolve("ca.pem")))));
    assertThat(http.users()).isEqualTo(Map.of("alice", HASH));
    assertThat(http.headers()).hasSize(5).containsEntry("X-Frame-Options", "deny");
  }

  @Test
  void littleIsEnough() throws Exception {
    assertThat(http("").tls()).isEmpty();
    assertThat(http("basic_auth_users: {alice: " + HASH + "}").isAuthenticated()).isTrue();
    Http tls = http("tls_server_config: {" + FILES + "}");
    assertThat(tls.tls().orElseThrow().suites()).isEqualTo(Suites.STANDARD);
    assertThat(tls.isAuthenticated()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          tls_server_config: {%s, cert: SECRET}                     | 1: tls_server_config.cert: is not supported; write the certificate to a file
          tls_server_config: {%s, key: SECRET}                      | 1: tls_server_config.key: is not supported; write the key to a file
          tls_server_config: {%s, client_allowed_sans: [a]}         | 1: tls_server_config.client_allowed_sans: is not supported; use a client_ca_file
          tls_server_config: {%s, curve_preferences: [X25519]}      | 1: tls_server_config.curve_preferences: is not supported; set jdk.tls.namedGroups
          tls_server_config: {%s, min_version: TLS10}               | 1: tls_server_config.min_version: "TLS10": expected one of TLS12, TLS13
          tls_server_config: {%s, min_version: TLS13, max_version: TLS12} | 1: tls_server_config.min_version: TLS13 is above max_version TLS12
          tls_server_config: {%s, cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]} | 1: tls_server_config.cipher_suites: "TLS_RSA_WITH_AES_128_CBC_SHA": expected one of
          tls_server_config: {%s, client_auth_type: Yes}            | 1: tls_server_config.client_auth_type: "Yes": expected one of NoClientCert
          tls_server_config: {%s, client_auth_type: VerifyClientCertIfGiven} | 1: tls_server_config.client_auth_type: VerifyClientCertIfGiven requires client_ca_file
          tls_server_config: {%s, client_ca_file: tls/ca.pem}       | 1: tls_server_config.client_ca_file: requires a client_auth_type
          tls_server_config: {cert_file: tls/cert.pem}              | 1: tls_server_config.key_file: is missing
          tls_server_config: {}                                     | 1: tls_server_config.cert_file: is missing
          tls_server_config: {cert_file: cert.pem, key_file: tls/key.pem} | 1: tls_server_config.cert_file: "cert.pem": does not exist
          tls_server_conf: {%s}  | 1: tls_server_conf: unknown key; did you mean tls_server_config?
          http_server_config: {http2: true}                         | 1: http_server_config.http2: is not supported; set it to false
          http_server_config: {headers: {X-Frame-Options: allow}}   | 1: http_server_config.headers.X-Frame-Options: "allow": expected one of deny, sameorigin
          http_server_config: {headers: {X-Mine: 1}}                | 1: http_server_config.headers.X-Mine: unknown key
          basic_auth_users: {alice: secret}                         | 1: basic_auth_users.alice: is not a bcrypt hash
          rate_limit: {interval: 1s, burst: 2}                      | 1: rate_limit: is not supported
          """)
  void unsupportedSettingsAreRejectedByName(String web, String problem) {
    assertThat(problems(web.formatted(FILES), ""))
        .startsWith("web/web.yml:" + problem)
        .hasLineCount(1)
        .doesNotContain("SECRET");
  }

  @Test
  void theLineIsThatOfItsOwnFile() {
    assertThat(problems("basic_auth_users:\n  alice: " + HASH + "\nbasic_auth_user: {}\n", ""))
        .isEqualTo("web/web.yml:3: basic_auth_user: unknown key; did you mean basic_auth_users?");
    assertThat(problems("a: [", "")).startsWith("web/web.yml:").contains("is not valid YAML");
    assertThat(problems("tls_server_config: {cert_file: ~/c, key_file: k}", ""))
        .contains("tls_server_config.cert_file: \"~/c\": ~ is not expanded");
    assertThat(problems("", ", users: {bob: " + HASH + "}"))
        .isEqualTo("f.yaml:1: http.web_config_file: replaces http.tls and http.users; remove them");
  }
}
