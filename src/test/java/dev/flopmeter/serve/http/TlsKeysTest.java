package dev.flopmeter.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.serve.config.ServeConfig.Clients;
import dev.flopmeter.serve.config.ServeConfig.Suites;
import dev.flopmeter.serve.config.ServeConfig.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys in every form that openssl writes. */
class TlsKeysTest {
  @TempDir private Path folder;

  private void openssl(String arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments.split(" ")));
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("openssl.log").toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("skipped: openssl is not installed");
      throw e;
    }
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("openssl.log"))).isZero();
  }

  /** A certificate and its key, PKCS #8 without a password. */
  private void certificate(String algorithm) throws Exception {
    openssl(
        "req -x509 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem -newkey "
            + algorithm);
  }

  private Tls files(String key, Optional<String> password) {
    return tls("cert.pem", key, password);
  }

  private Tls tls(String certificate, String key, Optional<String> password) {
    return new Tls(
        folder.resolve(certificate),
        folder.resolve(key),
        password.map(folder::resolve),
        Suites.STANDARD,
        Clients.ANYBODY);
  }

  private void isRead(String key, Optional<String> password) throws IOException {
    assertThat(TlsKeys.read(files(key, password)).context().getProtocol()).isEqualTo("TLS");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rsa:2048",
        "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384",
        "ed25519"
      })
  void eachAlgorithm(String algorithm) throws Exception {
    certificate(algorithm);
    isRead("key.pem", Optional.empty());
  }

  @Test
  void theOlderFormsOfRsaAndEc() throws Exception {
    certificate("rsa:2048");
    openssl("rsa -in key.pem -traditional -out pkcs1.pem");
    assertThat(folder.resolve("pkcs1.pem")).content().contains("BEGIN RSA PRIVATE KEY");
    isRead("pkcs1.pem", Optional.empty());
    certificate("ec -pkeyopt ec_paramgen_curve:P-256");
    openssl("ec -in key.pem -out sec1.pem");
    assertThat(folder.resolve("sec1.pem")).content().contains("BEGIN EC PRIVATE KEY");
    isRead("sec1.pem", Optional.empty());
    openssl("ecparam -name prime256v1 -out parameters.pem");
    Files.writeString(
        folder.resolve("both.pem"),
        Files.readString(folder.resolve("parameters.pem"))
            + Files.readString(folder.resolve("sec1.pem")));
    isRead("both.pem", Optional.empty());
  }

  @Test
  void encryptedKeys() throws Exception {
    certificate("rsa:2048");
    Files.writeString(folder.resolve("password"), "open sesame\n");
    Files.writeString(folder.resolve("wrong"), "open wheat\n");
    openssl("pkcs8 -topk8 -in key.pem -v2 aes256 -passout file:password -out pkcs8.pem");
    openssl("rsa -in key.pem -traditional -aes256 -passout file:password -out pkcs1.pem");
    for (String key : List.of("pkcs8.pem", "pkcs1.pem")) {
      isRead(key, Optional.of("password"));
      assertThatThrownBy(() -> TlsKeys.read(files(key, Optional.of("wrong"))))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "http.tls.key: "
                  + folder.resolve(key)
                  + " cannot be read: it is damaged, or encrypted and http.tls.password_file has a"
                  + " different password");
      assertThatThrownBy(() -> TlsKeys.read(files(key, Optional.empty())))
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith(
              " cannot be read: it is damaged, or encrypted and http.tls.password_file is missing");
    }
  }

  @Test
  void aChainKeepsItsOrder() throws Exception {
    certificate("rsa:2048");
    String authority = Files.readString(folder.resolve("cert.pem"));
    certificate("ec -pkeyopt ec_paramgen_curve:P-256");
    Files.writeString(
        folder.resolve("cert.pem"), Files.readString(folder.resolve("cert.pem")) + authority);
    isRead("key.pem", Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-256", "ed25519"})
  void aKeyOfAnotherCertificateIsOneLine(String algorithm) throws Exception {
    certificate(algorithm);
    Files.copy(folder.resolve("key.pem"), folder.resolve("old.pem"));
    certificate(algorithm);
    assertThatThrownBy(() -> TlsKeys.read(files("old.pem", Optional.empty())))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "http.tls: "
                + folder.resolve("cert.pem")
                + " and "
                + folder.resolve("old.pem")
                + " do not match: the key is not this certificate's");
  }

  @Test
  void filesWithOtherContents() throws Exception {
    certificate("rsa:2048");
    for (String text :
        List.of(
            "",
            "nothing",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n")) {
      Files.writeString(folder.resolve("bad.pem"), text);
      assertThatThrownBy(() -> TlsKeys.read(files("bad.pem", Optional.empty())))
          .as(text)
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("http.tls.key: ");
      assertThatThrownBy(() -> TlsKeys.read(tls("bad.pem", "key.pem", Optional.empty())))
          .as(text)
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("http.tls.certificate: ");
    }
  }
}
