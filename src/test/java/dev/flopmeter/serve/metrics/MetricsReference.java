package dev.flopmeter.serve.metrics;

import java.util.Locale;

/** The reference of the metrics, {@code docs/metrics.md}, from the catalogue itself. */
final class MetricsReference {
  private MetricsReference() {}

  private static final String HEAD =
      """
      # Metrics of the daemon

      `GET /metrics` in the Prometheus text format, or OpenMetrics with created timestamps or Prometheus' protobuf where the client asks for it;
      gzip where it accepts it. A scrape reads what was rendered when the last run ended or the node was last sampled; it touches no device and no disk.
      `GET /metrics?name[]=flopmeter_runs_total&name[]=...` gives these metrics alone (in Prometheus: `params: {'name[]': [...]}`).

      - A result's series are there while it is fresh: they go when the device fails, when three runs in a row fail, or when the
        result is older than three intervals and a timeout. After a restart a result that is still fresh is shown again, with
        `flopmeter_result_restored 1`. What could not be measured is absent, never 0.
      - Device series are what the sensors reported while the last run on that device measured; the daemon itself never touches a device;
        `flopmeter_node_power_watts`, `..._temperature_celsius` and `..._energy_joules_total` are those of now, with `node.interval`.
        `flopmeter_device_info` and the peaks are there from its start, for every GPU that a child process (`flopmeter devices`) lists;
        a result's own peaks replace those of its precision.
      - A result that is not valid (`flopmeter_measurement_valid 0`) has the same gauges as any other. The recording rules, the alerts on
        efficiency and the *Fleet* dashboard leave it out; queries of your own should, too:
        `... unless on (instance, workload, model, device, backend, precision, batch) flopmeter_measurement_valid == 0`.
        It adds nothing to the histogram of passes and the counters of inferences, FLOPs, busy time and energy, so rates need no such filter.
      - Labels `workload`, `model`, `device`, `backend`, `precision` and `batch` have the values of the configuration and of the
        result; `batch` is the batch size that was really run. `basis` is `datasheet`, `measured` or `clock_adjusted`.
      - Outcomes of `flopmeter_runs_total`: `success`, `failed` (exit code 1, 2: wrong model or option), `device_failed` (3),
        `crashed` (a signal), `timeout`, `garbage` (no valid output), `truncated` (results missing), `out_of_memory`, `not_started`,
        `skipped_busy`, `stopped`.
      - The counter of model FLOPs is `flopmeter_inference_flop_total` and not `flopmeter_model_flop_total`: OpenMetrics takes that
        for the counter family `flopmeter_model_flop`, which cannot stand beside the gauge of this name.
      - `layer` is the name of a layer, or `other` for all that have no series of their own; a layer that is itself called `other`
        is shown as `layer other`.
      - The two histograms have classic buckets in every format, and in protobuf a native histogram, too, of which Prometheus then stores one series
        and no classic ones (`always_scrape_classic_histograms` stores both). `metrics.histograms` leaves one of the two away. Prometheus asks for
        protobuf with `scrape_native_histograms: true`, before version 3.8 with `--enable-feature=native-histograms`. A native histogram's buckets
        are 2.2 % wide, and 4.4 % where the durations spread over more than a factor of 32. `histogram_quantile(0.99, rate(NAME[1h]))` takes its quantiles.
      - The Prometheus Java client adds its usual `jvm_*` and `process_*` metrics.
      - `metrics.max_series` limits all series of a scrape, created timestamps included. Where there are more, these are left out first:
        `layers`, then `histograms`, the `process`' and the JVM's, `devices`, `results`, and last the `essentials`: the daemon's own,
        and of each workload the outcomes of its runs, its last success and its failures. A workload keeps or loses a part as a whole, those
        that come first in the configuration keep it; `flopmeter_series_limited` counts what is left out, and the log names it.
      - With `node.interval` a child process (`flopmeter top --format jsonl`) samples this host's GPUs through NVML, whoever uses them. A GPU that is
        divided by MIG is shown by its instances. `device` is `gpu:2` as nvidia-smi numbers GPUs, `gpu:2:0` an instance; `uuid` joins with
        `flopmeter_device_info` (`uuid`, `mig_uuid`) and with dcgm-exporter's `UUID`.
      - `state` of `flopmeter_node_seconds_total`: each moment has one, the first of these that fits: `lost` (NVML cannot reach the GPU), `measured`
        (a run of this daemon is on it), `throttled` (work runs and the clock is held back), `busy` (work runs), `occupied` (processes hold it, and
        NVML does not report whether they run, as of MIG instances without `node.gpm`), `held` (processes hold it and nothing runs), `idle`; and `unknown`, where no sample came for more
        than two intervals and a second. Work runs if the GPU's utilization, or that of one of its processes, was above 0 since the last sample.
      - Errors of GPUs clear by themselves: counters only grow (`flopmeter_node_errors_total`; alerts look at the last hour), and `flopmeter_node_row_remap`
        is 0 again with its reason. Xid and double-bit ECC events come by NVML's event set. `fatal` counts the double-bit ECC errors and the Xids that concern
        the whole GPU; those of one application (13, 31, 43, 45, 68, 69, 94, 109) and mere notices (63, 92, 121, 154) are counted by number only.
        Results that a GPU measured while it had a fatal event are not valid, and say so.
      - Series of a process go with it. Of a process only its name, the id of its container, the uid of its pod and the number of its SLURM job
        are read (`/proc/PID/comm` and `/proc/PID/cgroup`), never its command line or environment; what cannot be read is empty, and the log and
        the daemon's page say why.
      - `node.pod_labels` adds `flopmeter_node_pod_info`: the containers that the kubelet gave GPUs and MIG instances to, also while none of their processes is
        there, with the labels that it allows. Join it by `uuid`; a device that is shared has several. The kubelet is asked at each sample.
      - Over OTLP the same series are pushed, but for the JVM's, the process' and the histograms.
        With `otlp.conventions: opentelemetry` and `node.interval` the GPUs are described by OpenTelemetry's conventions for hardware in place of five of our
        metrics: `hw.gpu.utilization` (`flopmeter_node_utilization_ratio`), `hw.gpu.memory.usage` (`flopmeter_node_memory_used_bytes`), `hw.gpu.memory.limit`, and
        `hw.status` with the states `ok` and `failed` (NVML cannot reach it); and of whole GPUs, however they are divided, `hw.power`, `hw.temperature`, `hw.energy` (those
        of `flopmeter_node_power_watts` and so on) and `hw.errors`. Its `error.type` is `corrected` or `uncorrected` for ECC errors, and the kind in `flopmeter_node_errors_total` for others
        (`pcie_replay`, `nvlink_replay`, `xid_79`, ...); sums (`fatal`) and remapped rows have only our names. `hw.id` is the uuid, `hw.name` our `device`, `hw.parent` the GPU of a MIG instance.

      This page is generated from the code (`MetricsReferenceTest`).

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
