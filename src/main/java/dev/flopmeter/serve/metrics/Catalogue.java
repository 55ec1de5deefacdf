package dev.flopmeter.serve.metrics;

import dev.flopmeter.serve.metrics.Metric.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Every metric of the daemon. The JVM's and the process' come from the Prometheus client. */
final class Catalogue {
  private Catalogue() {}

  /** Labels of everything that belongs to one series of results; {@code RESULT} in the table. */
  static final List<String> RESULT =
      List.of("workload", "model", "device", "backend", "precision", "batch");

  private static final Set<String> UNITS =
      Set.of("seconds", "bytes", "joules", "watts", "celsius", "hertz");

  /** Name, kind, part, labels and help of each, in the order of the reference. */
  private static final Map<String, Metric> ALL =
      parse(
          """
          flopmeter_model_macs | gauge | results | RESULT | Multiply-adds of one pass over the batch.
          flopmeter_model_flop | gauge | results | RESULT | Floating-point operations of one pass over the batch, all operators counted.
          flopmeter_model_parameters | gauge | results | RESULT | Learned values of the model.
          flopmeter_model_bytes | gauge | results | RESULT | Compulsory memory traffic of one pass: every input, weight and output once.
          flopmeter_model_arithmetic_intensity_flop_per_byte | gauge | results | RESULT | FLOPs per compulsory byte.
          flopmeter_inference_duration_seconds | histogram | histograms | RESULT | Single passes of valid results over the batch, end to end, undisturbed.
          flopmeter_inference_latency_seconds | summary | results | RESULT quantile | Quantiles of one pass in the last run. A tail is absent without samples enough for it.
          flopmeter_model_flop_per_second | gauge | results | RESULT | Achieved rate of model FLOPs (2 per multiply-add) in the last run.
          flopmeter_inferences_per_second | gauge | results | RESULT | Inputs of the batch per second in the last run.
          flopmeter_model_flop_utilization_ratio | gauge | results | RESULT basis | Achieved model FLOP/s over the device's dense peak; basis says how that peak is known.
          flopmeter_model_memory_bandwidth_utilization_ratio | gauge | results | RESULT basis | Compulsory bytes per second over the device's peak bandwidth.
          flopmeter_inference_energy_joules | gauge | results | RESULT | Energy per input of the batch in the last run.
          flopmeter_model_memory_bytes | gauge | results | RESULT kind | Device memory held: weights, activations, workspace.
          flopmeter_model_first_run_seconds | gauge | results | RESULT | The very first pass, before any warm-up.
          flopmeter_inferences_total | counter | results | RESULT | Inputs measured in valid results: samples times batch.
          flopmeter_inference_flop_total | counter | results | RESULT | Model FLOPs (2 per multiply-add) of all passes of valid results.
          flopmeter_model_busy_seconds_total | counter | results | RESULT | Time of all passes of valid results. rate(flop)/rate(busy) is the achieved rate over any window.
          flopmeter_measurement_noise_ratio | gauge | results | RESULT | Interquartile range over median in the last run.
          flopmeter_measurement_samples | gauge | results | RESULT | Samples kept in the last run.
          flopmeter_measurement_valid | gauge | results | RESULT | 1 if the last result is valid; 0 if it is not, and its warnings say why.
          flopmeter_measurement_discarded_total | counter | results | RESULT reason | Samples left out, by reason, of results that are not valid, too.
          flopmeter_layer_sum_ratio | gauge | results | RESULT | Sum of the layers' medians over the end-to-end median; 0.95 to 1.10 is sound.
          flopmeter_result_timestamp_seconds | gauge | results | RESULT | When the shown result was measured.
          flopmeter_result_restored | gauge | results | RESULT | 1 if the shown result is from before the daemon started, 0 if it measured it itself.
          flopmeter_inference_latency_baseline_seconds | gauge | results | RESULT | Median of the valid results before the shown one.
          flopmeter_inference_latency_regression_ratio | gauge | results | RESULT | Latency over its baseline minus 1: 0.1 is 10 % slower. Absent with fewer than 3 results before.
          flopmeter_layer_duration_seconds | gauge | layers | RESULT layer | Median time of a layer; the slowest layers, and other for the rest.
          flopmeter_layer_flop | gauge | layers | RESULT layer | Floating-point operations of a layer.
          flopmeter_layer_flop_utilization_ratio | gauge | layers | RESULT layer | A layer's model FLOP/s over the device's peak, on the best basis known.
          flopmeter_layer_roofline_efficiency_ratio | gauge | layers | RESULT layer | A layer's rate over what its intensity allows on this device.
          flopmeter_layer_info | info | layers | RESULT layer op bound algorithm layout | What a layer is and how it was run.
          flopmeter_device_info | info | devices | device kind name driver cuda cudnn uuid pci_bus_id mig_uuid emulated | The device, known from the start of the daemon on; uuid and pci_bus_id as nvidia-smi writes them, mig_uuid only of a MIG instance.
          flopmeter_device_peak_flop_per_second | gauge | devices | device precision basis | Dense peak, also of GPUs without a workload; basis is datasheet, measured or clock_adjusted.
          flopmeter_device_peak_memory_bytes_per_second | gauge | devices | device basis | Peak memory bandwidth.
          flopmeter_device_power_watts | gauge | devices | device | Power while the last run measured.
          flopmeter_device_temperature_celsius | gauge | devices | device | Temperature while the last run measured.
          flopmeter_device_clock_hertz | gauge | devices | device domain | Clock while the last run measured; domain is sm or memory.
          flopmeter_device_throttle_active | gauge | devices | device reason | 1 for each reason that held clocks down while the last run measured.
          flopmeter_device_memory_used_bytes | gauge | devices | device | Memory in use by all processes while the last run measured.
          flopmeter_device_utilization_ratio | gauge | devices | device | Share of time with a kernel running while the last run measured.
          flopmeter_device_energy_joules_total | counter | devices | device | Energy of the inferences of valid results.
          flopmeter_device_quarantined | gauge | essentials | device | 1 while the device is quarantined because it keeps failing.
          flopmeter_runs_total | counter | essentials | workload outcome | Worker runs by how they ended.
          flopmeter_run_duration_seconds | histogram | histograms | workload | Worker runs from start to end.
          flopmeter_last_success_timestamp_seconds | gauge | essentials | workload | When a run of the workload last succeeded, also before the daemon started.
          flopmeter_workload_interval_seconds | gauge | essentials | workload | The configured interval, for alerts on age.
          flopmeter_workload_configured_timestamp_seconds | gauge | essentials | workload | When the workload was first configured since the daemon started.
          flopmeter_workload_consecutive_failures | gauge | essentials | workload device precision | Failed runs since the last success; skipped and stopped runs do not count.
          flopmeter_capability | gauge | essentials | feature | 1 if this daemon can do it here, 0 if not. otlp is 0 while pushing fails.
          flopmeter_build_info | info | essentials | version java | The version of flopmeter.
          flopmeter_config_last_reload_successful | gauge | essentials |  | 1 if the configuration file was good when it was last read.
          flopmeter_config_last_reload_success_timestamp_seconds | gauge | essentials |  | When a good configuration was last read.
          flopmeter_history_results | gauge | essentials |  | Results kept on disk.
          flopmeter_history_size_bytes | gauge | essentials |  | Size of the history on disk.
          flopmeter_history_pending_results | gauge | essentials |  | Results that are held in memory until the disk can be written.
          flopmeter_history_writable | gauge | essentials |  | 1 if the last write succeeded. Absent without a history folder.
          flopmeter_history_write_failures_total | counter | essentials |  | Failed writes to the history folder.
          flopmeter_history_lost_results_total | counter | essentials |  | Results that were discarded because too many were held in memory.
          flopmeter_history_damaged_records | gauge | essentials |  | Records in the history's files that are damaged and cannot be read.
          flopmeter_history_regression_threshold_ratio | gauge | essentials |  | The configured limit of flopmeter_inference_latency_regression_ratio.
          flopmeter_tls_certificate_expiry_timestamp_seconds | gauge | essentials |  | When the server's certificate expires. Absent without TLS.
          flopmeter_otlp_push_failures_total | counter | essentials |  | Failed pushes over OTLP.
          flopmeter_series | gauge | essentials |  | Series that the daemon publishes, those of the JVM and the process included.
          flopmeter_series_limit | gauge | essentials |  | The limit on them (metrics.max_series).
          flopmeter_series_limited | gauge | essentials | part | Series that are left out because of the limit, by part; should be 0.
          """);

  // The model's work
  static final Metric MACS = named("flopmeter_model_macs");
  static final Metric FLOP = named("flopmeter_model_flop");
  static final Metric PARAMETERS = named("flopmeter_model_parameters");
  static final Metric BYTES = named("flopmeter_model_bytes");
  static final Metric INTENSITY = named("flopmeter_model_arithmetic_intensity_flop_per_byte");

  // How fast it ran
  static final Metric DURATION = named("flopmeter_inference_duration_seconds");
  static final Metric LATENCY = named("flopmeter_inference_latency_seconds");
  static final Metric RATE = named("flopmeter_model_flop_per_second");
  static final Metric THROUGHPUT = named("flopmeter_inferences_per_second");
  static final Metric MFU = named("flopmeter_model_flop_utilization_ratio");
  static final Metric MBU = named("flopmeter_model_memory_bandwidth_utilization_ratio");
  static final Metric ENERGY = named("flopmeter_inference_energy_joules");
  static final Metric MEMORY = named("flopmeter_model_memory_bytes");
  static final Metric FIRST_RUN = named("flopmeter_model_first_run_seconds");
  static final Metric INFERENCES = named("flopmeter_inferences_total");
  static final Metric FLOP_TOTAL = named("flopmeter_inference_flop_total");
  static final Metric BUSY = named("flopmeter_model_busy_seconds_total");

  // Whether to believe it
  static final Metric NOISE = named("flopmeter_measurement_noise_ratio");
  static final Metric SAMPLES = named("flopmeter_measurement_samples");
  static final Metric VALID = named("flopmeter_measurement_valid");
  static final Metric DISCARDED = named("flopmeter_measurement_discarded_total");
  static final Metric LAYER_SUM = named("flopmeter_layer_sum_ratio");
  static final Metric RESULT_TIME = named("flopmeter_result_timestamp_seconds");
  static final Metric RESTORED = named("flopmeter_result_restored");

  // Against its own history
  static final Metric BASELINE = named("flopmeter_inference_latency_baseline_seconds");
  static final Metric REGRESSION = named("flopmeter_inference_latency_regression_ratio");

  // Layers
  static final Metric LAYER_DURATION = named("flopmeter_layer_duration_seconds");
  static final Metric LAYER_FLOP = named("flopmeter_layer_flop");
  static final Metric LAYER_MFU = named("flopmeter_layer_flop_utilization_ratio");
  static final Metric LAYER_ROOFLINE = named("flopmeter_layer_roofline_efficiency_ratio");
  static final Metric LAYER_INFO = named("flopmeter_layer_info");

  // Devices
  static final Metric DEVICE_INFO = named("flopmeter_device_info");
  static final Metric PEAK_FLOP = named("flopmeter_device_peak_flop_per_second");
  static final Metric PEAK_BYTES = named("flopmeter_device_peak_memory_bytes_per_second");
  static final Metric POWER = named("flopmeter_device_power_watts");
  static final Metric TEMPERATURE = named("flopmeter_device_temperature_celsius");
  static final Metric CLOCK = named("flopmeter_device_clock_hertz");
  static final Metric THROTTLE = named("flopmeter_device_throttle_active");
  static final Metric MEMORY_USED = named("flopmeter_device_memory_used_bytes");
  static final Metric UTILIZATION = named("flopmeter_device_utilization_ratio");
  static final Metric DEVICE_ENERGY = named("flopmeter_device_energy_joules_total");
  static final Metric QUARANTINED = named("flopmeter_device_quarantined");

  // The daemon
  static final Metric RUNS = named("flopmeter_runs_total");
  static final Metric RUN_DURATION = named("flopmeter_run_duration_seconds");
  static final Metric LAST_SUCCESS = named("flopmeter_last_success_timestamp_seconds");
  static final Metric INTERVAL = named("flopmeter_workload_interval_seconds");
  static final Metric CONFIGURED = named("flopmeter_workload_configured_timestamp_seconds");
  static final Metric FAILURES = named("flopmeter_workload_consecutive_failures");
  static final Metric CAPABILITY = named("flopmeter_capability");
  static final Metric BUILD = named("flopmeter_build_info");
  static final Metric RELOAD_OK = named("flopmeter_config_last_reload_successful");
  static final Metric RELOAD_TIME = named("flopmeter_config_last_reload_success_timestamp_seconds");
  static final Metric HISTORY_RESULTS = named("flopmeter_history_results");
  static final Metric HISTORY_SIZE = named("flopmeter_history_size_bytes");
  static final Metric HISTORY_PENDING = named("flopmeter_history_pending_results");
  static final Metric HISTORY_WRITABLE = named("flopmeter_history_writable");
  static final Metric HISTORY_FAILURES = named("flopmeter_history_write_failures_total");
  static final Metric HISTORY_LOST = named("flopmeter_history_lost_results_total");
  static final Metric HISTORY_DAMAGED = named("flopmeter_history_damaged_records");
  static final Metric REGRESSION_THRESHOLD = named("flopmeter_history_regression_threshold_ratio");
  static final Metric CERTIFICATE = named("flopmeter_tls_certificate_expiry_timestamp_seconds");
  static final Metric OTLP_FAILURES = named("flopmeter_otlp_push_failures_total");
  static final Metric SERIES = named("flopmeter_series");
  static final Metric SERIES_LIMIT = named("flopmeter_series_limit");
  static final Metric SERIES_DROPPED = named("flopmeter_series_limited");

  static List<Metric> all() {
    return List.copyOf(ALL.values());
  }

  private static Metric named(String name) {
    return Objects.requireNonNull(ALL.get(name), name);
  }

  private static Map<String, Metric> parse(String table) {
    Map<String, Metric> all = new LinkedHashMap<>();
    for (String row : table.lines().toList()) {
      String[] cells = row.split(" *\\| *", 5);
      String name = cells[0];
      Kind kind = Kind.valueOf(cells[1].toUpperCase(Locale.ROOT));
      Part part = Part.valueOf(cells[2].toUpperCase(Locale.ROOT));
      all.put(name, new Metric(name, kind, part, unit(kind, name), labels(cells[3]), cells[4]));
    }
    return Collections.unmodifiableMap(all);
  }

  /** The base unit that a name ends in; a counter's is part of its own suffix. */
  private static String unit(Kind kind, String name) {
    String last = name.substring(name.lastIndexOf('_') + 1);
    return kind != Kind.COUNTER && UNITS.contains(last) ? last : "";
  }

  private static List<String> labels(String cell) {
    List<String> labels = new ArrayList<>();
    for (String label : cell.isEmpty() ? new String[0] : cell.split(" ")) {
      labels.addAll(label.equals("RESULT") ? RESULT : List.of(label));
    }
    return List.copyOf(labels);
  }
}
