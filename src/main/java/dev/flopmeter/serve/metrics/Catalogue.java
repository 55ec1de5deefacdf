package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.metrics.Metric.Kind;
import java.util.ArrayList;
import java.util.List;

/** Every metric of the daemon. The JVM's and the process' come from the Prometheus client. */
final class Catalogue {
  private Catalogue() {}

  private static final List<Metric> ALL = new ArrayList<>();

  /** Labels of everything that belongs to one series of results. */
  static final List<String> RESULT =
      List.of("workload", "model", "device", "backend", "precision", "batch");

  // The model's work
  static final Metric MACS =
      gauge(
          Part.RESULTS,
          "flopmeter_model_macs",
          "",
          RESULT,
          "Multiply-adds of one pass over the batch.");
  static final Metric FLOP =
      gauge(
          Part.RESULTS,
          "flopmeter_model_flop",
          "",
          RESULT,
          "Floating-point operations of one pass over the batch, all operators counted.");
  static final Metric PARAMETERS =
      gauge(Part.RESULTS, "flopmeter_model_parameters", "", RESULT, "Learned values of the model.");
  static final Metric BYTES =
      gauge(
          Part.RESULTS,
          "flopmeter_model_bytes",
          "bytes",
          RESULT,
          "Compulsory memory traffic of one pass: every input, weight and output once.");
  static final Metric INTENSITY =
      gauge(
          Part.RESULTS,
          "flopmeter_model_arithmetic_intensity_flop_per_byte",
          "",
          RESULT,
          "FLOPs per compulsory byte.");

  // How fast it ran
  static final Metric DURATION =
      histogram(
          Part.HISTOGRAMS,
          "flopmeter_inference_duration_seconds",
          "seconds",
          RESULT,
          "Single passes of valid results over the batch, end to end, undisturbed.");
  static final Metric LATENCY =
      summary(
          Part.RESULTS,
          "flopmeter_inference_latency_seconds",
          "seconds",
          with(RESULT, "quantile"),
          "Quantiles of one pass in the last run. A tail is absent without samples enough for it.");
  static final Metric RATE =
      gauge(
          Part.RESULTS,
          "flopmeter_model_flop_per_second",
          "",
          RESULT,
          "Achieved rate of model FLOPs (2 per multiply-add) in the last run.");
  static final Metric THROUGHPUT =
      gauge(
          Part.RESULTS,
          "flopmeter_inferences_per_second",
          "",
          RESULT,
          "Inputs of the batch per second in the last run.");
  static final Metric MFU =
      gauge(
          Part.RESULTS,
          "flopmeter_model_flop_utilization_ratio",
          "",
          with(RESULT, "basis"),
          "Achieved model FLOP/s over the device's dense peak; basis says how that peak is known.");
  static final Metric MBU =
      gauge(
          Part.RESULTS,
          "flopmeter_model_memory_bandwidth_utilization_ratio",
          "",
          with(RESULT, "basis"),
          "Compulsory bytes per second over the device's peak bandwidth.");
  static final Metric ENERGY =
      gauge(
          Part.RESULTS,
          "flopmeter_inference_energy_joules",
          "joules",
          RESULT,
          "Energy per input of the batch in the last run.");
  static final Metric MEMORY =
      gauge(
          Part.RESULTS,
          "flopmeter_model_memory_bytes",
          "bytes",
          with(RESULT, "kind"),
          "Device memory held: weights, activations, workspace.");
  static final Metric FIRST_RUN =
      gauge(
          Part.RESULTS,
          "flopmeter_model_first_run_seconds",
          "seconds",
          RESULT,
          "The very first pass, before any warm-up.");
  static final Metric INFERENCES =
      counter(
          Part.RESULTS,
          "flopmeter_inferences_total",
          RESULT,
          "Inputs measured in valid results: samples times batch.");
  static final Metric FLOP_TOTAL =
      counter(
          Part.RESULTS,
          "flopmeter_inference_flop_total",
          RESULT,
          "Model FLOPs (2 per multiply-add) of all passes of valid results.");
  static final Metric BUSY =
      counter(
          Part.RESULTS,
          "flopmeter_model_busy_seconds_total",
          RESULT,
          "Time of all passes of valid results. rate(flop)/rate(busy) is the achieved rate over any"
              + " window.");

  // Whether to believe it
  static final Metric NOISE =
      gauge(
          Part.RESULTS,
          "flopmeter_measurement_noise_ratio",
          "",
          RESULT,
          "Interquartile range over median in the last run.");
  static final Metric SAMPLES =
      gauge(
          Part.RESULTS,
          "flopmeter_measurement_samples",
          "",
          RESULT,
          "Samples kept in the last run.");
  static final Metric VALID =
      gauge(
          Part.RESULTS,
          "flopmeter_measurement_valid",
          "",
          RESULT,
          "1 if the last result is valid; 0 if it is not, and its warnings say why.");
  static final Metric DISCARDED =
      counter(
          Part.RESULTS,
          "flopmeter_measurement_discarded_total",
          with(RESULT, "reason"),
          "Samples left out, by reason, of results that are not valid, too.");
  static final Metric LAYER_SUM =
      gauge(
          Part.RESULTS,
          "flopmeter_layer_sum_ratio",
          "",
          RESULT,
          "Sum of the layers' medians over the end-to-end median; 0.95 to 1.10 is sound.");
  static final Metric RESULT_TIME =
      gauge(
          Part.RESULTS,
          "flopmeter_result_timestamp_seconds",
          "seconds",
          RESULT,
          "When the shown result was measured.");
  static final Metric RESTORED =
      gauge(
          Part.RESULTS,
          "flopmeter_result_restored",
          "",
          RESULT,
          "1 if the shown result is from before the daemon started, 0 if it measured it itself.");

  // Against its own history
  static final Metric BASELINE =
      gauge(
          Part.RESULTS,
          "flopmeter_inference_latency_baseline_seconds",
          "seconds",
          RESULT,
          "Median of the valid results before the shown one.");
  static final Metric REGRESSION =
      gauge(
          Part.RESULTS,
          "flopmeter_inference_latency_regression_ratio",
          "",
          RESULT,
          "Latency over its baseline minus 1: 0.1 is 10 % slower. Absent with fewer than 3 results"
              + " before.");

  // Layers
  static final List<String> LAYER = with(RESULT, "layer");
  static final Metric LAYER_DURATION =
      gauge(
          Part.LAYERS,
          "flopmeter_layer_duration_seconds",
          "seconds",
          LAYER,
          "Median time of a layer; the slowest layers, and other for the rest.");
  static final Metric LAYER_FLOP =
      gauge(
          Part.LAYERS, "flopmeter_layer_flop", "", LAYER, "Floating-point operations of a layer.");
  static final Metric LAYER_MFU =
      gauge(
          Part.LAYERS,
          "flopmeter_layer_flop_utilization_ratio",
          "",
          LAYER,
          "A layer's model FLOP/s over the device's peak, on the best basis known.");
  static final Metric LAYER_ROOFLINE =
      gauge(
          Part.LAYERS,
          "flopmeter_layer_roofline_efficiency_ratio",
          "",
          LAYER,
          "A layer's rate over what its intensity allows on this device.");
  static final Metric LAYER_INFO =
      info(
          Part.LAYERS,
          "flopmeter_layer",
          with(LAYER, "op", "bound", "algorithm", "layout"),
          "What a layer is and how it was run.");

  // Devices
  static final List<String> DEVICE = List.of("device");
  static final Metric DEVICE_INFO =
      info(
          Part.DEVICES,
          "flopmeter_device",
          with(DEVICE, "kind", "name", "driver", "cuda", "cudnn", "emulated"),
          "The device, as its last result told.");
  static final Metric PEAK_FLOP =
      gauge(
          Part.DEVICES,
          "flopmeter_device_peak_flop_per_second",
          "",
          with(DEVICE, "precision", "basis"),
          "Dense peak; basis is datasheet, measured or clock_adjusted.");
  static final Metric PEAK_BYTES =
      gauge(
          Part.DEVICES,
          "flopmeter_device_peak_memory_bytes_per_second",
          "",
          with(DEVICE, "basis"),
          "Peak memory bandwidth.");
  static final Metric POWER =
      gauge(
          Part.DEVICES,
          "flopmeter_device_power_watts",
          "watts",
          DEVICE,
          "Power while the last run measured.");
  static final Metric TEMPERATURE =
      gauge(
          Part.DEVICES,
          "flopmeter_device_temperature_celsius",
          "celsius",
          DEVICE,
          "Temperature while the last run measured.");
  static final Metric CLOCK =
      gauge(
          Part.DEVICES,
          "flopmeter_device_clock_hertz",
          "hertz",
          with(DEVICE, "domain"),
          "Clock while the last run measured; domain is sm or memory.");
  static final Metric THROTTLE =
      gauge(
          Part.DEVICES,
          "flopmeter_device_throttle_active",
          "",
          with(DEVICE, "reason"),
          "1 for each reason that held clocks down while the last run measured.");
  static final Metric MEMORY_USED =
      gauge(
          Part.DEVICES,
          "flopmeter_device_memory_used_bytes",
          "bytes",
          DEVICE,
          "Memory in use by all processes while the last run measured.");
  static final Metric UTILIZATION =
      gauge(
          Part.DEVICES,
          "flopmeter_device_utilization_ratio",
          "",
          DEVICE,
          "Share of time with a kernel running while the last run measured.");
  static final Metric DEVICE_ENERGY =
      counter(
          Part.DEVICES,
          "flopmeter_device_energy_joules_total",
          DEVICE,
          "Energy of the inferences of valid results.");
  static final Metric QUARANTINED =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_device_quarantined",
          "",
          DEVICE,
          "1 while the device is quarantined because it keeps failing.");

  // The daemon
  static final Metric RUNS =
      counter(
          Part.ESSENTIALS,
          "flopmeter_runs_total",
          List.of("workload", "outcome"),
          "Worker runs by how they ended.");
  static final Metric RUN_DURATION =
      histogram(
          Part.HISTOGRAMS,
          "flopmeter_run_duration_seconds",
          "seconds",
          List.of("workload"),
          "Worker runs from start to end.");
  static final Metric LAST_SUCCESS =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_last_success_timestamp_seconds",
          "seconds",
          List.of("workload"),
          "When a run of the workload last succeeded, also before the daemon started.");
  static final Metric INTERVAL =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_workload_interval_seconds",
          "seconds",
          List.of("workload"),
          "The configured interval, for alerts on age.");
  static final Metric CONFIGURED =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_workload_configured_timestamp_seconds",
          "seconds",
          List.of("workload"),
          "When the workload was first configured since the daemon started.");
  static final Metric FAILURES =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_workload_consecutive_failures",
          "",
          List.of("workload", "device", "precision"),
          "Failed runs since the last success; skipped and stopped runs do not count.");
  static final Metric CAPABILITY =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_capability",
          "",
          List.of("feature"),
          "1 if this daemon can do it here, 0 if not. otlp is 0 while pushing fails.");
  static final Metric BUILD =
      info(
          Part.ESSENTIALS,
          "flopmeter_build",
          List.of("version", "java"),
          "The version of flopmeter.");
  static final Metric RELOAD_OK =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_config_last_reload_successful",
          "",
          List.of(),
          "1 if the configuration file was good when it was last read.");
  static final Metric RELOAD_TIME =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_config_last_reload_success_timestamp_seconds",
          "seconds",
          List.of(),
          "When a good configuration was last read.");
  static final Metric HISTORY_RESULTS =
      gauge(Part.ESSENTIALS, "flopmeter_history_results", "", List.of(), "Results kept on disk.");
  static final Metric HISTORY_SIZE =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_history_size_bytes",
          "bytes",
          List.of(),
          "Size of the history on disk.");
  static final Metric HISTORY_PENDING =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_history_pending_results",
          "",
          List.of(),
          "Results that are held in memory until the disk can be written.");
  static final Metric HISTORY_WRITABLE =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_history_writable",
          "",
          List.of(),
          "1 if the last write succeeded. Absent without a history folder.");
  static final Metric HISTORY_FAILURES =
      counter(
          Part.ESSENTIALS,
          "flopmeter_history_write_failures_total",
          List.of(),
          "Failed writes to the history folder.");
  static final Metric HISTORY_LOST =
      counter(
          Part.ESSENTIALS,
          "flopmeter_history_lost_results_total",
          List.of(),
          "Results that were discarded because too many were held in memory.");
  static final Metric HISTORY_DAMAGED =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_history_damaged_records",
          "",
          List.of(),
          "Records in the history's files that are damaged and cannot be read.");
  static final Metric REGRESSION_THRESHOLD =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_history_regression_threshold_ratio",
          "",
          List.of(),
          "The configured limit of flopmeter_inference_latency_regression_ratio.");
  static final Metric CERTIFICATE =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_tls_certificate_expiry_timestamp_seconds",
          "seconds",
          List.of(),
          "When the server's certificate expires. Absent without TLS.");
  static final Metric OTLP_FAILURES =
      counter(
          Part.ESSENTIALS,
          "flopmeter_otlp_push_failures_total",
          List.of(),
          "Failed pushes over OTLP.");
  static final Metric SERIES =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_series",
          "",
          List.of(),
          "Series that the daemon publishes, those of the JVM and the process included.");
  static final Metric SERIES_LIMIT =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_series_limit",
          "",
          List.of(),
          "The limit on them (metrics.max_series).");
  static final Metric SERIES_DROPPED =
      gauge(
          Part.ESSENTIALS,
          "flopmeter_series_limited",
          "",
          List.of("part"),
          "Series that are left out because of the limit, by part; should be 0.");

  static List<Metric> all() {
    return List.copyOf(ALL);
  }

  private static Metric gauge(
      Part part, String name, String unit, List<String> labels, String help) {
    return add(new Metric(name, Kind.GAUGE, part, unit, labels, help));
  }

  private static Metric counter(Part part, String name, List<String> labels, String help) {
    return add(new Metric(name, Kind.COUNTER, part, "", labels, help));
  }

  private static Metric histogram(
      Part part, String name, String unit, List<String> labels, String help) {
    return add(new Metric(name, Kind.HISTOGRAM, part, unit, labels, help));
  }

  private static Metric summary(
      Part part, String name, String unit, List<String> labels, String help) {
    return add(new Metric(name, Kind.SUMMARY, part, unit, labels, help));
  }

  private static Metric info(Part part, String name, List<String> labels, String help) {
    return add(new Metric(name + "_info", Kind.INFO, part, "", labels, help));
  }

  private static Metric add(Metric metric) {
    ALL.add(metric);
    return metric;
  }

  private static List<String> with(List<String> labels, String... more) {
    List<String> all = new ArrayList<>(labels);
    all.addAll(List.of(more));
    return List.copyOf(all);
  }
}
