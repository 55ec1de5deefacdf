package dev.flopmeter.serve.config;

import dev.flopmeter.serve.config.ServeConfig.Clients;
import dev.flopmeter.serve.config.ServeConfig.Suites;
import dev.flopmeter.serve.config.ServeConfig.Tls;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The web configuration that Prometheus' exporters share ({@code --web.config.file}), as their
 * toolkit documents it. Unsupported settings are rejected by name.
 */
record WebConfig(Optional<Tls> tls, Map<String, String> users, Map<String, String> headers) {

  /** Reads the file's top; paths are relative to {@code folder}. */
  static WebConfig of(Section top, Path folder) {
    Section server = top.section("http_server_config");
    if (server.get("http2", Boolean.class)) {
      server.problem("http2", "is not supported; set it to false");
    }
    Map<String, String> headers = new LinkedHashMap<>();
    Section chosen = server.section("headers");
    for (String name : Key.namesIn(Key.WEB, "http_server_config.headers")) {
      chosen.find(name, String.class).ifPresent(value -> headers.put(name, value));
    }
    Optional<Tls> tls =
        top.has("tls_server_config")
            ? tls(top.section("tls_server_config"), folder)
            : Optional.empty();
    return new WebConfig(
        tls, ConfigReader.users(top.section("basic_auth_users")), Map.copyOf(headers));
  }

  private static Optional<Tls> tls(Section tls, Path folder) {
    Optional<Path> certificate = file(tls, "cert_file", folder);
    Optional<Path> key = file(tls, "key_file", folder);
    if (certificate.isEmpty() || key.isEmpty()) {
      String missing = certificate.isEmpty() ? "cert_file" : "key_file";
      tls.problem(missing, "is missing; TLS needs a certificate and its key");
      return Optional.empty();
    }
    return Optional.of(
        new Tls(certificate.get(), key.get(), Optional.empty(), suites(tls), clients(tls, folder)));
  }

  private static Optional<Path> file(Section tls, String key, Path folder) {
    return tls.find(key, String.class).map(name -> ConfigReader.readable(tls, key, name, folder));
  }

  private static Suites suites(Section tls) {
    String least = tls.get("min_version", String.class);
    String most = tls.get("max_version", String.class);
    if (least.compareTo(most) > 0) {
      tls.problem("min_version", least + " is above max_version " + most);
    }
    List<String> protocols = new ArrayList<>(Suites.STANDARD.protocols());
    protocols.removeIf(name -> !List.of(least, most).contains(name.replaceAll("v1\\.", "1")));
    return new Suites(
        protocols,
        tls.list("cipher_suites", String.class),
        tls.get("prefer_server_cipher_suites", Boolean.class));
  }

  private static Clients clients(Section tls, Path folder) {
    Optional<Path> authority = file(tls, "client_ca_file", folder);
    String policy = tls.get("client_auth_type", String.class);
    boolean isVerified = policy.contains("Verify");
    if (isVerified && authority.isEmpty()) {
      tls.problem("client_auth_type", policy + " requires client_ca_file");
    }
    if (authority.isPresent() && policy.equals(Clients.ANYBODY.policy())) {
      tls.problem("client_ca_file", "requires a client_auth_type that asks for certificates");
    }
    return new Clients(policy, isVerified ? authority : Optional.empty());
  }
}
