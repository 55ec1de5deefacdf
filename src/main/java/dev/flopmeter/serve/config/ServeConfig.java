package dev.flopmeter.serve.config;

import dev.flopmeter.units.Durations;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The valid content of a configuration file. Its lists and maps cannot be changed. */
public record ServeConfig(
    Http http,
    List<Workload> workloads,
    Worker worker,
    History history,
    String logFormat,
    Metrics metrics,
    Otlp otlp,
    Node node,
    List<ServerGpu> servers) {

  public Optional<Workload> workload(String name) {
    return workloads.stream().filter(one -> one.name().equals(name)).findFirst();
  }

  /**
   * Settings that will not work as likely intended, although they are valid: one line each, with
   * the key.
   */
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (!http.isAuthenticated() && !isLoopback(http.listen().host())) {
      warnings.add(
          "http.listen: "
              + http.listen()
              + " is reachable from other hosts without a password; add http.users");
    }
    for (Workload workload : workloads) {
      int batches = workload.batches().size();
      if (workload.maxTime().multipliedBy(batches).compareTo(workload.timeout()) > 0) {
        warnings.add(
            "workloads.%s.timeout: %s may be too short for %s batch sizes of up to %s each; increase it or decrease max_time"
                .formatted(
                    workload.name(),
                    Durations.text(workload.timeout()),
                    batches,
                    Durations.text(workload.maxTime())));
      }
    }
    return warnings;
  }

  /** An address that cannot be resolved is reported elsewhere. */
  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return true;
    }
  }

  /**
   * How the HTTP server listens.
   *
   * @param names host names that POST requests may be sent to, besides those of this host
   * @param users bcrypt hashes by name
   * @param headers of every response
   */
  public record Http(
      ListenAddress listen,
      List<String> names,
      boolean reload,
      int maxConnections,
      int threads,
      Duration requestTime,
      Duration responseTime,
      long maxHeaderSize,
      Optional<Tls> tls,
      Map<String, String> users,
      Map<String, String> headers) {
    /** Whether the sender of a request has a password, or a verified certificate. */
    public boolean isAuthenticated() {
      return !users.isEmpty() || tls.filter(one -> one.clients().isRequired()).isPresent();
    }

    /** Without the hashes. */
    @Override
    public String toString() {
      return "Http[" + listen + ", tls=" + tls.isPresent() + ", users=" + users.size() + "]";
    }
  }

  /**
   * PEM files.
   *
   * @param passwordFile holds the password of an encrypted key
   */
  public record Tls(
      Path certificate, Path key, Optional<Path> passwordFile, Suites suites, Clients clients) {}

  /**
   * The parameters that may be negotiated with a client.
   *
   * @param protocols in Java's names
   * @param names of TLS 1.2's suites; empty for all with forward secrecy and authentication
   */
  public record Suites(List<String> protocols, List<String> names, boolean isOwnOrder) {
    public static final Suites STANDARD =
        new Suites(List.of("TLSv1.3", "TLSv1.2"), List.of(), true);
  }

  /**
   * Client certificates.
   *
   * @param policy Go's name for it, such as {@code RequireAndVerifyClientCert}
   * @param authority PEM file with what certificates are verified with; empty if they are not
   */
  public record Clients(String policy, Optional<Path> authority) {
    public static final Clients ANYBODY = new Clients("NoClientCert", Optional.empty());

    /** Whether every client has a certificate that was verified. */
    public boolean isRequired() {
      return policy.equals("RequireAndVerifyClientCert");
    }
  }

  /**
   * A model to measure at intervals.
   *
   * @param devices {@code auto}, {@code all}, {@code cpu} or {@code cuda:N}, at least one
   * @param batches empty for the model's own
   * @param imported whether its results come from elsewhere, and nothing is run for it
   * @param jitter share of the interval that it varies by, in both directions
   */
  public record Workload(
      String name,
      String model,
      List<String> devices,
      String backend,
      List<String> precisions,
      List<Long> batches,
      List<String> inputs,
      String layout,
      boolean fuse,
      String search,
      boolean imported,
      Duration interval,
      double jitter,
      Duration maxTime,
      Duration timeout,
      Gate gate) {}

  /** Conditions on a device's load for a run. */
  public record Gate(Optional<Double> utilizationBelow, Optional<Long> memoryFreeAbove) {
    /** Whether there are no conditions. */
    public boolean isOpen() {
      return utilizationBelow.isEmpty() && memoryFreeAbove.isEmpty();
    }
  }

  /** How worker processes are supervised. */
  public record Worker(
      Duration grace,
      long maxMemory,
      Duration maxBackoff,
      int quarantineAfter,
      Duration quarantineRetry) {}

  /**
   * The history of results and what they are compared with.
   *
   * @param folder empty if nothing is kept
   */
  public record History(
      Optional<Path> folder,
      long maxSize,
      Duration maxAge,
      int baselineRuns,
      double regressionThreshold) {}

  /**
   * What series are published.
   *
   * @param histograms {@code classic}, {@code native} or {@code both}
   */
  public record Metrics(int layers, int maxSeries, String histograms) {}

  /**
   * The monitoring of this host's GPUs.
   *
   * @param interval between two samples; empty without monitoring
   * @param processes number of processes with their own series
   * @param pricePerGpuHour in any currency
   * @param gpm whether GPM is sampled, too
   * @param podLabels the published labels of pods
   * @param podResources the kubelet's socket
   */
  public record Node(
      Optional<Duration> interval,
      int processes,
      Optional<Double> pricePerGpuHour,
      boolean gpm,
      List<String> podLabels,
      String podResources) {}

  /**
   * A GPU or MIG instance of servers that count their own work. One of the first three is not
   * empty: labels of the servers' targets in Prometheus, {@code model_name} the third.
   */
  public record ServerGpu(
      String instance, String job, String model, String uuid, String precision) {}

  /**
   * The push of metrics over OTLP.
   *
   * @param timeout for one push
   * @param hasConventions whether hardware is described by OpenTelemetry's conventions
   * @param resource attributes of this daemon beside the usual ones, or in place of them
   */
  public record Otlp(
      boolean enabled,
      String url,
      Duration interval,
      Duration timeout,
      boolean isGzipped,
      boolean hasConventions,
      Map<String, String> headers,
      Map<String, String> resource) {
    /** Without the headers, which may contain a token. */
    @Override
    public String toString() {
      return "Otlp[enabled=" + enabled + ", url=" + url + ", interval=" + interval + "]";
    }
  }
}
