package dev.flopmeter.serve.config;

import static dev.flopmeter.serve.config.Quantities.duration;
import static dev.flopmeter.serve.config.Quantities.percent;
import static dev.flopmeter.serve.config.Quantities.size;
import static dev.flopmeter.serve.config.ValueType.FLAG;
import static dev.flopmeter.serve.config.ValueType.TEXT;
import static dev.flopmeter.serve.config.ValueType.choice;
import static dev.flopmeter.serve.config.ValueType.integer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** All keys: their types and defaults for the reader, their descriptions for the reference. */
final class Keys {
  private Keys() {}

  /** What each key means, for the reference. */
  private static final Map<String, String> MEANINGS =
      """
      http.listen | Address and port; `--listen` on the command line overrides it. Loopback by default; use `0.0.0.0:19400` or `[::]:19400` to be reachable from other hosts, and then TLS and a password. Versions before had port 9400, which is dcgm-exporter's; name it here to keep it.
      http.names | Names under which `POST` is accepted, for example that of a proxy or a Kubernetes service. Addresses, `localhost` and the host's own name always are. Any other name may be another site's that has been pointed at this address.
      http.reload | Whether `POST /-/reload` reads this file again. SIGHUP always does.
      http.max_connections | Open connections; further ones are closed immediately.
      http.threads | Requests served at the same time. Threads exist only while they are needed.
      http.request_time | Time limit for a client to send its request; then its connection is closed.
      http.response_time | Time limit for a response; then the connection is closed.
      http.max_header_size | Size of all request headers together. Larger ones are refused with status 431; beyond twice this, and what headers on all `http.threads` may take of the heap (85 KiB by default), by closing the connection.
      http.tls.certificate | PEM file with the server's certificate and its chain. With `key` it turns TLS on. Read again at a reload.
      http.tls.key | PEM file with the certificate's private key (PKCS #8, PKCS #1 or SEC 1).
      http.tls.password_file | File with the password of an encrypted key; white space at its end does not count.
      http.users.* | A user's bcrypt hash (`htpasswd -nBC 10 NAME`). With one or more users every route but the two health checks asks for a password.
      workloads.*.model | Required. A built-in model (`flopmeter models`) or the path of an `.onnx` file.
      workloads.*.device | `auto` (the first GPU, otherwise the CPU), `all` (every GPU, otherwise the CPU), `cpu`, `cuda:N`, or a list.
      workloads.*.backend | The backend; `auto` is the GPU, otherwise ONNX Runtime (`ort`) if it runs the model, otherwise PyTorch (`djl`).
      workloads.*.precision | One precision or a list; each is measured in its own run.
      workloads.*.batch | One batch size or a list; one run measures them all. Without it the batch size is the model's own.
      workloads.*.input | Shapes of inputs whose sizes the model leaves open, such as `data=1x3x224x224`.
      workloads.*.layout | The order of dimensions in memory.
      workloads.*.fuse | Whether the backend may fuse operators.
      workloads.*.search | How thoroughly the fastest GPU kernels are searched. The choice is kept for later runs.
      workloads.*.interval | From the start of one run to the start of the next.
      workloads.*.jitter | How far the interval varies at random, so that a fleet does not run in lockstep.
      workloads.*.max_time | Time limit for sampling one batch size.
      workloads.*.timeout | The longest that a whole run may take; then its process and all that it started are ended.
      workloads.*.only_when.utilization_below | Run only if the device's utilization is below this.
      workloads.*.only_when.memory_free_above | Run only if the device has more free memory than this.
      worker.grace | Time between SIGTERM and SIGKILL for a worker.
      worker.max_memory | Limit for the resident memory of a worker and its descendants; above it, the run is ended.
      worker.max_backoff | After each failure the interval doubles, up to this (or the interval itself, if that is longer).
      worker.quarantine_after | Failures of a device in a row, over all its workloads, after which it is quarantined.
      worker.quarantine_retry | How often a quarantined device is tried again with one run.
      history.folder | Where results are kept. `auto` is `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/flopmeter`, else `~/.local/state/flopmeter`; `none` keeps nothing.
      history.max_size | When exceeded, the oldest results are deleted.
      history.max_age | Results older than this are deleted.
      history.baseline_runs | A result is compared with the median of this many valid results before it (at least 3).
      history.regression_threshold | A result slower than the baseline by more than this is a regression.
      log.format | The form of the log on standard error: a line of text per event, or a JSON object with `timestamp` (milliseconds since 1970), `level`, `threadName`, `loggerName`, `formattedMessage` and, for an exception, `throwable`.
      metrics.layers | Layers of a result that have series of their own, the slowest first; the rest are one `other`.
      metrics.max_series | Limit on all series of a scrape. What exceeds it is left out, layers first, and counted in `flopmeter_series_limited`.
      otlp.enabled | Whether metrics are also pushed over OTLP, for machines that cannot be scraped.
      otlp.url | The receiver's OTLP/HTTP address.
      otlp.interval | How often metrics are pushed.
      otlp.headers.* | A header of each push, such as `Authorization`. Never logged or shown.
      """
          .lines()
          .map(row -> row.split(" \\| ", 2))
          .collect(Collectors.toMap(cells -> cells[0], cells -> cells[1]));

  private static final List<Key<?>> ALL = new ArrayList<>();

  // http
  static final Key<ListenAddress> LISTEN =
      key("http.listen", new ValueType<>("address", ListenAddress::parse), "127.0.0.1:19400");
  static final Key<String> NAMES = list("http.names", TEXT, null);
  static final Key<Boolean> RELOAD = key("http.reload", FLAG, "false");
  static final Key<Long> CONNECTIONS = key("http.max_connections", integer(1, 100_000), "1024");
  static final Key<Long> THREADS = key("http.threads", integer(2, 1024), "64");
  static final Key<Duration> REQUEST_TIME = key("http.request_time", duration("1s", "5m"), "5s");
  static final Key<Duration> RESPONSE_TIME = key("http.response_time", duration("1s", "30m"), "1m");
  static final Key<Long> HEADER_SIZE = key("http.max_header_size", size("1KiB", "1MiB"), "16KiB");
  static final Key<String> TLS_CERTIFICATE = optional("http.tls.certificate", TEXT);
  static final Key<String> TLS_KEY = optional("http.tls.key", TEXT);
  static final Key<String> TLS_PASSWORD = optional("http.tls.password_file", TEXT);
  static final Key<String> USERS = optional("http.users.*", TEXT);

  // workloads
  static final Key<String> MODEL = optional("workloads.*.model", TEXT);
  static final Key<String> DEVICE = list("workloads.*.device", ValueType.DEVICE, "auto");
  static final Key<String> BACKEND =
      key("workloads.*.backend", choice("auto", "cudnn", "ort", "djl"), "auto");
  static final Key<String> PRECISION =
      list("workloads.*.precision", choice("fp32", "tf32", "fp16", "bf16"), "fp32");
  static final Key<Long> BATCH = list("workloads.*.batch", integer(1, 1_000_000), null);
  static final Key<String> INPUT = list("workloads.*.input", TEXT, null);
  static final Key<String> LAYOUT =
      key("workloads.*.layout", choice("auto", "nchw", "nhwc"), "auto");
  static final Key<Boolean> FUSE = key("workloads.*.fuse", FLAG, "true");
  static final Key<String> SEARCH = key("workloads.*.search", choice("quick", "full"), "quick");
  static final Key<Duration> INTERVAL = key("workloads.*.interval", duration("1s", "366d"), "10m");
  static final Key<Double> JITTER = key("workloads.*.jitter", percent(0.5), "10%");
  static final Key<Duration> MAX_TIME = key("workloads.*.max_time", duration("100ms", "1h"), "15s");
  static final Key<Duration> TIMEOUT = key("workloads.*.timeout", duration("1s", "1d"), "5m");
  static final Key<Double> UTILIZATION_BELOW =
      optional("workloads.*.only_when.utilization_below", percent(1));
  static final Key<Long> MEMORY_FREE_ABOVE =
      optional("workloads.*.only_when.memory_free_above", size("0B", "1TiB"));

  // worker
  static final Key<Duration> GRACE = key("worker.grace", duration("10ms", "5m"), "5s");
  static final Key<Long> MEMORY = key("worker.max_memory", size("16MiB", "1TiB"), "16GiB");
  static final Key<Duration> MAX_BACKOFF = key("worker.max_backoff", duration("1s", "366d"), "1h");
  static final Key<Long> QUARANTINE_AFTER = key("worker.quarantine_after", integer(1, 1000), "5");
  static final Key<Duration> QUARANTINE_RETRY =
      key("worker.quarantine_retry", duration("1s", "366d"), "30m");

  // history
  static final Key<String> FOLDER = key("history.folder", TEXT, "auto");
  static final Key<Long> HISTORY_SIZE = key("history.max_size", size("1MiB", "1TiB"), "64MiB");
  static final Key<Duration> HISTORY_AGE = key("history.max_age", duration("1m", "3660d"), "90d");
  static final Key<Long> BASELINE_RUNS = key("history.baseline_runs", integer(3, 1000), "20");
  static final Key<Double> REGRESSION_THRESHOLD =
      key("history.regression_threshold", percent(1), "10%");

  // log
  static final Key<String> LOG_FORMAT = key("log.format", choice("text", "json"), "text");

  // metrics
  static final Key<Long> LAYERS = key("metrics.layers", integer(0, 1000), "20");
  static final Key<Long> SERIES = key("metrics.max_series", integer(100, 1_000_000), "20000");

  // otlp
  static final Key<Boolean> OTLP = key("otlp.enabled", FLAG, "false");
  static final Key<String> OTLP_URL = key("otlp.url", TEXT, "http://127.0.0.1:4318/v1/metrics");
  static final Key<Duration> OTLP_INTERVAL = key("otlp.interval", duration("1s", "1h"), "1m");
  static final Key<String> OTLP_HEADERS = optional("otlp.headers.*", TEXT);

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

  private static <T> Key<T> key(String path, ValueType<T> type, String standard) {
    return add(path, type, standard, false);
  }

  private static <T> Key<T> optional(String path, ValueType<T> type) {
    return add(path, type, null, false);
  }

  private static <T> Key<T> list(String path, ValueType<T> type, @Nullable String standard) {
    return add(path, type, standard, true);
  }

  private static <T> Key<T> add(
      String path, ValueType<T> type, @Nullable String standard, boolean isList) {
    String meaning = Objects.requireNonNull(MEANINGS.get(path), path);
    Key<T> key = new Key<>(path, type, standard, isList, meaning);
    ALL.add(key);
    return key;
  }
}
