package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import nl.altindag.ssl.SSLFactory;
import nl.altindag.ssl.exception.GenericException;
import nl.altindag.ssl.util.CertificateUtils;

/** A daemon that a result is sent to, and the user who sends it. */
final class DaemonArguments extends Arguments {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Argument<URI> daemon = optional("--daemon", DaemonArguments::address);
  private final Argument<String> workload = optional("--workload", Reading.TEXT);
  private final Argument<String> user = optional("--user", Reading.TEXT);
  private final Argument<Path> password = optional("--password-file", Path::of);
  private final Argument<Path> authority = optional("--ca-file", Path::of);

  private static URI address(String text) {
    try {
      URI uri = URI.create(text);
      if (uri.getHost() != null && String.valueOf(uri.getScheme()).matches("https?")) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw new ModelException("'" + text + "' is not an address of a daemon", e);
    }
    throw new ModelException("must be an http or https address, not '" + text + "'");
  }

  /** Refuses what cannot work, before anything is read. */
  void check() {
    if (daemon.find().isPresent() != workload.find().isPresent()) {
      throw new ModelException("--daemon and --workload belong together; give both");
    }
    if (daemon.find().isPresent() && (user.find().isEmpty() || password.find().isEmpty())) {
      throw new ModelException("--daemon requires --user and --password-file");
    }
    requireReadable(password);
    requireReadable(authority);
  }

  private static void requireReadable(Argument<Path> file) {
    if (file.find().isPresent() && !Files.isReadable(file.get())) {
      throw new ModelException("'" + file.get() + "' is not a file that can be read");
    }
  }

  private String secret() throws IOException {
    return Files.readString(password.get()).stripTrailing();
  }

  /** Sends a result, if a daemon is given. */
  void send(ProfileResult result, Console console) throws InterruptedException {
    if (daemon.find().isEmpty()) {
      return;
    }
    String name = URLEncoder.encode(workload.get(), StandardCharsets.UTF_8);
    String base = daemon.get().toString().replaceFirst("/+$", "");
    try {
      byte[] credentials = (user.get() + ":" + secret()).getBytes(StandardCharsets.UTF_8);
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(base + "/api/v1/import?workload=" + name))
              .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials))
              .timeout(TIMEOUT)
              .POST(HttpRequest.BodyPublishers.ofString(ProfileJson.writeLine(result)))
              .build();
      HttpResponse<String> response = client().send(request, BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new ModelException(
            base + " refused the result: " + response.statusCode() + " " + response.body().strip());
      }
      console.warn(base + ", workload " + workload.get() + ": " + response.body().strip());
    } catch (IOException e) {
      throw new ModelException("the result was not sent to " + base + ": " + e, e);
    } catch (GenericException e) {
      throw new ModelException("'" + authority.get() + "' holds no PEM certificate", e);
    }
  }

  private HttpClient client() {
    HttpClient.Builder client = HttpClient.newBuilder().connectTimeout(TIMEOUT);
    if (authority.find().isPresent()) {
      List<Certificate> trusted = CertificateUtils.loadCertificate(authority.get());
      client.sslContext(SSLFactory.builder().withTrustMaterial(trusted).build().getSslContext());
    }
    return client.build();
  }
}
