package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.function.Function;
import javax.net.ssl.X509ExtendedKeyManager;
import nl.altindag.ssl.SSLFactory;
import nl.altindag.ssl.exception.GenericException;
import nl.altindag.ssl.pem.util.PemUtils;
import nl.altindag.ssl.util.CertificateUtils;

/** A daemon, and the user for requests to it. */
final class DaemonArguments extends Arguments {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Argument<URI> daemon = option("--daemon", DaemonArguments::address);
  private final Argument<String> user = option("--user", new Reading.Text());
  private final Argument<Path> password = option("--password-file", Path::of);
  private final Argument<Path> authority = option("--ca-file", Path::of);
  private final Argument<Path> certificate = option("--cert-file", Path::of);
  private final Argument<Path> key = option("--key-file", Path::of);

  /** A daemon to which requests can be sent; {@code authorization} may be empty. */
  record Client(String base, String authorization, HttpClient http) {
    /**
     * Sends a request.
     *
     * @param path from the daemon's address on
     * @throws BackendException if there is no answer
     */
    HttpResponse<String> send(String method, String path, BodyPublisher body)
        throws InterruptedException {
      try {
        HttpRequest.Builder request =
            HttpRequest.newBuilder(URI.create(base + path)).timeout(TIMEOUT).method(method, body);
        if (!authorization.isEmpty()) {
          request.header("Authorization", authorization);
        }
        return http.send(request.build(), BodyHandlers.ofString());
      } catch (IOException e) {
        throw new BackendException(base + " does not answer: " + IoReason.of(e), e);
      }
    }

    /**
     * The same response, if it is not a refusal.
     *
     * @throws ModelException if the request was wrong
     * @throws BackendException if the daemon failed
     */
    HttpResponse<String> accepted(HttpResponse<String> response) {
      int status = response.statusCode();
      String message = base + " refuses: " + status + " " + response.body().strip();
      if (status >= 500) {
        throw new BackendException(message);
      }
      if (status < 200 || status > 299) {
        throw new ModelException(message);
      }
      return response;
    }
  }

  private static URI address(String text) {
    try {
      URI uri = URI.create(text);
      if (uri.getUserInfo() != null) {
        throw new ModelException("must not hold a password; use --password-file");
      }
      if (uri.getHost() != null && String.valueOf(uri.getScheme()).matches("https?")) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw new ModelException("'" + text + "' is not an address of a daemon", e);
    }
    throw new ModelException("must be an http or https address, not '" + text + "'");
  }

  boolean isGiven() {
    return daemon.find().isPresent();
  }

  /**
   * The daemon that is given.
   *
   * @throws ModelException if the user or a file is missing
   */
  Client client() {
    String name = user.find().orElse(System.getenv("FLOPMETER_USER"));
    String secret =
        password.find().map(DaemonArguments::content).orElse(System.getenv("FLOPMETER_PASSWORD"));
    boolean isUser = name != null && secret != null;
    if (!isUser && (name != null || secret != null || certificate.find().isEmpty())) {
      throw new ModelException(
          "--daemon requires --user and --password-file, or FLOPMETER_USER and FLOPMETER_PASSWORD"
              + " in the environment, or --cert-file and --key-file");
    }
    byte[] credentials = (name + ":" + secret).getBytes(StandardCharsets.UTF_8);
    return new Client(
        daemon.get().toString().replaceFirst("/+$", ""),
        isUser ? "Basic " + Base64.getEncoder().encodeToString(credentials) : "",
        http());
  }

  private static String content(Path file) {
    try {
      return Files.readString(file).stripTrailing();
    } catch (IOException e) {
      throw new ModelException("'" + file + "' is not a file that can be read", e);
    }
  }

  private HttpClient http() {
    if (certificate.find().isPresent() != key.find().isPresent()) {
      throw new ModelException("--cert-file and --key-file must be given together");
    }
    HttpClient.Builder client = HttpClient.newBuilder().connectTimeout(TIMEOUT);
    SSLFactory.Builder tls = SSLFactory.builder();
    if (authority.find().isPresent()) {
      tls.withTrustMaterial(
          pem(authority.get(), "certificate", CertificateUtils::parsePemCertificate));
    } else {
      tls.withDefaultTrustMaterial();
    }
    if (certificate.find().isPresent()) {
      String own = content(certificate.get());
      String what = "private key of '" + certificate.get() + "', without a password";
      X509ExtendedKeyManager identity =
          pem(key.get(), what, text -> PemUtils.parseIdentityMaterial(own, text, null));
      tls.withIdentityMaterial(identity);
    }
    return client.sslContext(tls.build().getSslContext()).build();
  }

  private static <T> T pem(Path file, String what, Function<String, T> parse) {
    try {
      return parse.apply(content(file));
    } catch (GenericException e) {
      throw new ModelException("'" + file + "' holds no PEM " + what, e);
    }
  }
}
