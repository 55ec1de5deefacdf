package dev.flopmeter.serve.metrics;

import java.util.Locale;

/** The reference of the metrics, {@code docs/metrics.md}, from the catalogue itself. */
final class MetricsReference {
  private MetricsReference() {}

  private static final String HEAD =
      """
      # Metrics of the daemon

      `GET /metrics` answers in the Prometheus text format, or, if the client asks for it, in OpenMetrics with created timestamps or in
      Prometheus' protobuf format; compressed with gzip if the client accepts it. A scrape reads what was rendered when the last run
      ended or the node was last sampled. It reads no device and no disk.
      `GET /metrics?name[]=flopmeter_runs_total&name[]=...` returns only these metrics (in Prometheus: `params: {'name[]': [...]}`).

      ## Results

      - A result's series are published while the result is fresh. They end when the device fails, when three runs in a row fail, or when
        the result is older than three intervals and a timeout. After a restart a result that is still fresh is published again, with
        `flopmeter_result_restored 1`. What could not be measured is absent, never 0.
      - A result that is not valid (`flopmeter_measurement_valid 0`) has the same gauges as any other. The recording rules, the alerts on
        efficiency and the *Fleet* dashboard exclude it; your own queries should, too:
        `... unless on (instance, workload, model, device, backend, precision, batch) flopmeter_measurement_valid == 0`.
        It adds nothing to the histogram of passes and the counters of inferences, FLOPs, busy time and energy, so rates need no such filter.
      - The labels `workload`, `model`, `device`, `backend`, `precision` and `batch` have the values of the configuration and of the
        result; `batch` is the batch size that ran. `basis` is `datasheet`, `measured` or `clock_adjusted`.
      - `layer` is the name of a layer, or `other` for all layers without series of their own; a layer whose name is `other`
        is published as `layer other`.
      - Outcomes of `flopmeter_runs_total`: `success`, `failed` (exit code 1 or 2: wrong model or option), `device_failed` (3),
        `crashed` (a signal), `timeout`, `garbage` (no valid output), `truncated` (results missing), `out_of_memory`, `not_started`,
        `skipped_busy`, `stopped`.
      - The counter of model FLOPs is `flopmeter_inference_flop_total`. In OpenMetrics, `flopmeter_model_flop_total` would belong to the
        counter family `flopmeter_model_flop`, which is already the name of a gauge.
      - The two histograms have classic buckets in every format, and in protobuf a native histogram as well. Prometheus then stores the
        native histogram as one series, without the classic buckets (`always_scrape_classic_histograms` stores both).
        `metrics.histograms` turns one of the two off. Prometheus requests protobuf with `scrape_native_histograms: true`, before version
        3.8 with `--enable-feature=native-histograms`. A native histogram's buckets are 2.2 % wide, or 4.4 % if the durations span more
        than a factor of 32. Its quantiles are `histogram_quantile(0.99, rate(NAME[1h]))`.

      ## Devices and nodes

      - Device series are what the sensors reported while the last run on that device measured; the daemon itself never opens a device.
        `flopmeter_node_power_watts`, `..._temperature_celsius` and `..._energy_joules_total` are current values, with `node.interval`.
        `flopmeter_device_info` and the peaks are published from the start, for every GPU that a child process (`flopmeter devices`)
        lists; a result's own peaks replace those of its precision.
      - With `node.interval` a child process (`flopmeter top --format jsonl`) samples this host's GPUs through NVML, whoever uses them. A GPU
        that is divided by MIG is represented by its instances. `device` is `gpu:2` in the numbering of nvidia-smi, or `gpu:2:0` for an
        instance; `uuid` joins with `flopmeter_device_info` (`uuid`, `mig_uuid`) and with dcgm-exporter's `UUID`.
      - `state` of `flopmeter_node_seconds_total` is, at each moment, the first of these that applies: `lost` (NVML cannot reach the GPU),
        `measured` (a run of this daemon uses it), `throttled` (work is running and the clock is reduced), `busy` (work is running),
        `occupied` (processes hold memory, and NVML does not report whether they run work, as for MIG instances without `node.gpm`), `held`
        (processes hold memory and nothing runs), `idle`; and `unknown` if there was no sample for more than two intervals and a second.
        Work is running if the utilization of the GPU, or of one of its processes, was above 0 since the last sample.
      - Errors of GPUs clear without action: counters only increase (`flopmeter_node_errors_total`; alerts use the last hour), and
        `flopmeter_node_row_remap` returns to 0 with its reason. Xid and double-bit ECC events come from NVML's event set. `fatal` counts the
        double-bit ECC errors and the Xids that concern the whole GPU; Xids of one application (13, 31, 43, 45, 68, 69, 94, 109) and
        notices (63, 92, 121, 154) are counted only under their number. A result measured on a GPU with a fatal event is not valid, and
        says so.
      - The series of a process end with the process. Only its name, the id of its container, the uid of its pod and the number of its
        SLURM job are read (`/proc/PID/comm` and `/proc/PID/cgroup`), never its command line or environment. What cannot be read is empty;
        the log and the daemon's page give the reason.
      - `node.pod_labels` adds `flopmeter_node_pod_info`: the containers to which the kubelet has allocated GPUs and MIG instances, even while
        none of their processes runs, with the labels that the key lists. Join it by `uuid`; a shared device has several containers. The
        kubelet is queried at each sample.

      ## Limits and transports

      - The Prometheus Java client adds its usual `jvm_*` and `process_*` metrics.
      - `metrics.max_series` limits all series of a scrape, including created timestamps. Beyond the limit, parts are left out in this
        order: `layers`, `histograms`, `process` (with the JVM), `devices`, `results`, and last `essentials`: the daemon's own series, and of each
        workload the outcomes of its runs, its last success and its failures. A workload keeps or loses a part as a whole; workloads that
        come first in the configuration keep it. `flopmeter_series_limited` counts what is left out, and the log names it.
      - OTLP pushes the same series, except for those of the JVM and the process and the histograms.
        With `otlp.conventions: opentelemetry` and `node.interval`, GPUs are described by OpenTelemetry's conventions for hardware instead of
        five of our metrics: `hw.gpu.utilization` (`flopmeter_node_utilization_ratio`), `hw.gpu.memory.usage`
        (`flopmeter_node_memory_used_bytes`), `hw.gpu.memory.limit`, and `hw.status` with the states `ok` and `failed` (NVML cannot reach it).
        Whole GPUs, however they are divided, have `hw.power`, `hw.temperature` and `hw.energy` (`flopmeter_node_power_watts` and so on) and
        `hw.errors`. Its `error.type` is `corrected` or `uncorrected` for ECC errors, and otherwise the kind in `flopmeter_node_errors_total`
        (`pcie_replay`, `nvlink_replay`, `xid_79`, ...); sums (`fatal`) and remapped rows have only our names. `hw.id` is the uuid, `hw.name`
        our `device`, `hw.parent` the GPU of a MIG instance.

      ## Reference

      This table is generated from the code (`MetricsReferenceTest`).

      | metric | type | labels | meaning |
      |---|---|---|---|
      """;

  /** The page. */
  static String markdown() {
    StringBuilder page = new StringBuilder(HEAD);
    for (Metric metric : Metric.all()) {
      page.append("| `").append(metric.name()).append("` | ");
      page.append(metric.kind().name().toLowerCase(Locale.ROOT)).append(" | ");
      page.append(String.join(", ", metric.labels())).append(" | ");
      page.append(metric.help()).append(" |\n");
    }
    return page.toString();
  }
}
