package dev.flopmeter.serve.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All keys: their types and defaults for the reader, their descriptions for the reference. */
final class Keys {
  private Keys() {}

  private static final List<Key<?>> ALL = new ArrayList<>();

  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration YEAR = Duration.ofDays(366);
  private static final long MIB = 1L << 20;
  private static final long TIB = 1L << 40;

  // http
  static final Key<ListenAddress> LISTEN =
      key(
          "http.listen",
          new ValueType<>("address", ListenAddress::parse),
          "127.0.0.1:9400",
          "Address and port; `--listen` on the command line overrides it. Loopback by default; use"
              + " `0.0.0.0:9400` or `[::]:9400` to be reachable from other hosts, and then TLS and"
              + " a password.");
  static final Key<String> NAMES =
      list(
          "http.names",
          ValueType.TEXT,
          null,
          "Names under which `POST` is accepted, for example that of a proxy or a Kubernetes"
              + " service. Addresses, `localhost` and the host's own name always are. Any other"
              + " name may be another site's that has been pointed at this address.");
  static final Key<Boolean> RELOAD =
      key(
          "http.reload",
          ValueType.FLAG,
          "false",
          "Whether `POST /-/reload` reads this file again. SIGHUP always does.");
  static final Key<Long> CONNECTIONS =
      key(
          "http.max_connections",
          ValueType.integer(1, 100_000),
          "1024",
          "Open connections; further ones are closed immediately.");
  static final Key<Long> THREADS =
      key(
          "http.threads",
          ValueType.integer(2, 1024),
          "64",
          "Requests served at the same time. Threads exist only while they are needed.");
  static final Key<Duration> REQUEST_TIME =
      key(
          "http.request_time",
          Quantities.duration(SECOND, Duration.ofMinutes(5)),
          "5s",
          "Time limit for a client to send its request; then its connection is closed.");
  static final Key<Duration> RESPONSE_TIME =
      key(
          "http.response_time",
          Quantities.duration(SECOND, Duration.ofMinutes(30)),
          "1m",
          "Time limit for a response; then the connection is closed.");
  static final Key<Long> HEADER_SIZE =
      key(
          "http.max_header_size",
          Quantities.size(1024, MIB),
          "16KiB",
          "Size of all request headers together. Larger ones are refused with status 431; beyond"
              + " twice this, and what headers on all `http.threads` may take of the heap (85 KiB"
              + " by default), by closing the connection.");
  static final Key<String> TLS_CERTIFICATE =
      optional(
          "http.tls.certificate",
          ValueType.TEXT,
          "PEM file with the server's certificate and its chain. With `key` it turns TLS on. Read"
              + " again at a reload.");
  static final Key<String> TLS_KEY =
      optional(
          "http.tls.key",
          ValueType.TEXT,
          "PEM file with the certificate's private key (PKCS #8, PKCS #1 or SEC 1).");
  static final Key<String> TLS_PASSWORD =
      optional(
          "http.tls.password_file",
          ValueType.TEXT,
          "File with the password of an encrypted key; white space at its end does not count.");
  static final Key<String> USERS =
      optional(
          "http.users.*",
          ValueType.TEXT,
          "A user's bcrypt hash (`htpasswd -nBC 10 NAME`). With one or more users every route but"
              + " the two health checks asks for a password.");

  // workloads
  static final Key<String> MODEL =
      optional(
          "workloads.*.model",
          ValueType.TEXT,
          "Required. A built-in model (`flopmeter models`) or the path of an `.onnx` file.");
  static final Key<String> DEVICE =
      list(
          "workloads.*.device",
          ValueType.DEVICE,
          "auto",
          "`auto` (the first GPU, otherwise the CPU), `all` (every GPU, otherwise the CPU), `cpu`,"
              + " `cuda:N`, or a list.");
  static final Key<String> BACKEND =
      key("workloads.*.backend", ValueType.choice("auto", "cudnn", "djl"), "auto", "The backend.");
  static final Key<String> PRECISION =
      list(
          "workloads.*.precision",
          ValueType.choice("fp32", "tf32", "fp16", "bf16"),
          "fp32",
          "One precision or a list; each is measured in its own run.");
  static final Key<Long> BATCH =
      list(
          "workloads.*.batch",
          ValueType.integer(1, 1_000_000),
          null,
          "One batch size or a list; one run measures them all. Without it the batch size is the"
              + " model's own.");
  static final Key<String> INPUT =
      list(
          "workloads.*.input",
          ValueType.TEXT,
          null,
          "Shapes of inputs whose sizes the model leaves open, such as `data=1x3x224x224`.");
  static final Key<String> LAYOUT =
      key(
          "workloads.*.layout",
          ValueType.choice("auto", "nchw", "nhwc"),
          "auto",
          "The order of dimensions in memory.");
  static final Key<Boolean> FUSE =
      key("workloads.*.fuse", ValueType.FLAG, "true", "Whether the backend may fuse operators.");
  static final Key<Duration> INTERVAL =
      key(
          "workloads.*.interval",
          Quantities.duration(SECOND, YEAR),
          "10m",
          "From the start of one run to the start of the next.");
  static final Key<Double> JITTER =
      key(
          "workloads.*.jitter",
          Quantities.percent(0.5),
          "10%",
          "How far the interval varies at random, so that a fleet does not run in lockstep.");
  static final Key<Duration> MAX_TIME =
      key(
          "workloads.*.max_time",
          Quantities.duration(Duration.ofMillis(100), Duration.ofHours(1)),
          "15s",
          "Time limit for sampling one batch size.");
  static final Key<Duration> TIMEOUT =
      key(
          "workloads.*.timeout",
          Quantities.duration(SECOND, Duration.ofDays(1)),
          "5m",
          "The longest that a whole run may take; then its process and all that it started are"
              + " ended.");
  static final Key<Double> UTILIZATION_BELOW =
      optional(
          "workloads.*.only_when.utilization_below",
          Quantities.percent(1),
          "Run only if the device's utilization is below this.");
  static final Key<Long> MEMORY_FREE_ABOVE =
      optional(
          "workloads.*.only_when.memory_free_above",
          Quantities.size(0, TIB),
          "Run only if the device has more free memory than this.");

  // worker
  static final Key<Duration> GRACE =
      key(
          "worker.grace",
          Quantities.duration(Duration.ofMillis(10), Duration.ofMinutes(5)),
          "5s",
          "Time between SIGTERM and SIGKILL for a worker.");
  static final Key<Long> MEMORY =
      key(
          "worker.max_memory",
          Quantities.size(16 * MIB, TIB),
          "16GiB",
          "Limit for the resident memory of a worker and its descendants; above it, the run is"
              + " ended.");
  static final Key<Duration> MAX_BACKOFF =
      key(
          "worker.max_backoff",
          Quantities.duration(SECOND, YEAR),
          "1h",
          "After each failure the interval doubles, up to this (or the interval itself, if that is"
              + " longer).");
  static final Key<Long> QUARANTINE_AFTER =
      key(
          "worker.quarantine_after",
          ValueType.integer(1, 1000),
          "5",
          "Failures of a device in a row, over all its workloads, after which it is quarantined.");
  static final Key<Duration> QUARANTINE_RETRY =
      key(
          "worker.quarantine_retry",
          Quantities.duration(SECOND, YEAR),
          "30m",
          "How often a quarantined device is tried again with one run.");

  // history
  static final Key<String> FOLDER =
      key(
          "history.folder",
          ValueType.TEXT,
          "auto",
          "Where results are kept. `auto` is `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/flopmeter`,"
              + " else `~/.local/state/flopmeter`; `none` keeps nothing.");
  static final Key<Long> HISTORY_SIZE =
      key(
          "history.max_size",
          Quantities.size(MIB, TIB),
          "64MiB",
          "When exceeded, the oldest results are deleted.");
  static final Key<Duration> HISTORY_AGE =
      key(
          "history.max_age",
          Quantities.duration(Duration.ofMinutes(1), Duration.ofDays(3660)),
          "90d",
          "Results older than this are deleted.");
  static final Key<Long> BASELINE_RUNS =
      key(
          "history.baseline_runs",
          ValueType.integer(3, 1000),
          "20",
          "A result is compared with the median of this many valid results before it (at least"
              + " 3).");
  static final Key<Double> REGRESSION_THRESHOLD =
      key(
          "history.regression_threshold",
          Quantities.percent(1),
          "10%",
          "A result slower than the baseline by more than this is a regression.");

  // log
  static final Key<String> LOG_FORMAT =
      key(
          "log.format",
          ValueType.choice("text", "json"),
          "text",
          "The form of the log on standard error: a line of text per event, or a JSON object with"
              + " `timestamp` (milliseconds since 1970), `level`, `threadName`, `loggerName`,"
              + " `formattedMessage` and, for an exception, `throwable`.");

  // metrics
  static final Key<Long> LAYERS =
      key(
          "metrics.layers",
          ValueType.integer(0, 1000),
          "20",
          "Layers of a result that have series of their own, the slowest first; the rest are one"
              + " `other`.");
  static final Key<Long> SERIES =
      key(
          "metrics.max_series",
          ValueType.integer(100, 1_000_000),
          "20000",
          "Limit on all series of a scrape. What exceeds it is left out, layers first, and counted"
              + " in `flopmeter_series_limited`.");

  // otlp
  static final Key<Boolean> OTLP =
      key(
          "otlp.enabled",
          ValueType.FLAG,
          "false",
          "Whether metrics are also pushed over OTLP, for machines that cannot be scraped.");
  static final Key<String> OTLP_URL =
      key(
          "otlp.url",
          ValueType.TEXT,
          "http://127.0.0.1:4318/v1/metrics",
          "The receiver's OTLP/HTTP address.");
  static final Key<Duration> OTLP_INTERVAL =
      key(
          "otlp.interval",
          Quantities.duration(SECOND, Duration.ofHours(1)),
          "1m",
          "How often metrics are pushed.");
  static final Key<String> OTLP_HEADERS =
      optional(
          "otlp.headers.*",
          ValueType.TEXT,
          "A header of each push, such as `Authorization`. Never logged or shown.");

  /** In the order of the reference. */
  static List<Key<?>> all() {
    return List.copyOf(ALL);
  }

  /** What may stand directly in a section: keys and sections. */
  static Set<String> namesIn(String section) {
    Set<String> names = new LinkedHashSet<>();
    String prefix = section.isEmpty() ? "" : section + ".";
    for (Key<?> key : ALL) {
      if (key.path().startsWith(prefix)) {
        String rest = key.path().substring(prefix.length());
        int dot = rest.indexOf('.');
        names.add(dot < 0 ? rest : rest.substring(0, dot));
      }
    }
    return names;
  }

  private static <T> Key<T> key(String path, ValueType<T> type, String standard, String meaning) {
    return add(new Key<>(path, type, standard, false, meaning));
  }

  private static <T> Key<T> optional(String path, ValueType<T> type, String meaning) {
    return add(new Key<>(path, type, null, false, meaning));
  }

  private static <T> Key<T> list(
      String path, ValueType<T> type, @Nullable String standard, String meaning) {
    return add(new Key<>(path, type, standard, true, meaning));
  }

  private static <T> Key<T> add(Key<T> key) {
    ALL.add(key);
    return key;
  }
}
