package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.flopmeter.device.NodeSample;
import dev.flopmeter.device.NodeSample.Event;
import dev.flopmeter.device.NodeSample.Gpu;
import dev.flopmeter.device.NodeSample.Health;
import dev.flopmeter.device.NodeSample.Occupant;
import dev.flopmeter.device.NodeSample.State;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Errors and activity of GPUs, sampled from the emulated NVML in a separate process. */
class NodeHealthTest {
  @TempDir private Path folder;

  private final List<NodeSample> samples = new ArrayList<>();

  /**
   * Samples until one satisfies, about a second of the node's time each; returns the library's live
   * objects afterwards.
   */
  private String sample(String card, String script, Predicate<NodeSample> last, String... options)
      throws Exception {
    List<String> arguments = new ArrayList<>(List.of("--format", "jsonl"));
    arguments.addAll(List.of(options));
    if (!arguments.contains("--interval")) {
      arguments.addAll(List.of("--interval", "20ms"));
    }
    Path report = folder.resolve("report");
    Map<String, String> settings =
        Map.of(
            "FLOPMETER_EMULATED_DEVICES",
            "4",
            "FLOPMETER_EMULATED_GPU",
            card,
            "FLOPMETER_EMULATED_REPORT",
            report.toString());
    Process process = TopProcess.onNode(folder, "step 1\n" + script, settings, arguments);
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        samples.add(NodeSample.read(line));
        if (last.test(samples.get(samples.size() - 1)) || samples.size() > 200) {
          break;
        }
      }
    }
    assertThat(process.waitFor(60, TimeUnit.SECONDS))
        .as("it ends when nobody reads: %s", Files.readString(folder.resolve("errors")))
        .isTrue();
    assertThat(samples).isNotEmpty().last().matches(last);
    return Files.readString(report);
  }

  private NodeSample last() {
    return samples.get(samples.size() - 1);
  }

  private static Map<String, Long> errors(NodeSample sample, int gpu) {
    return sample.health().stream()
        .filter(health -> health.device().equals("gpu:" + gpu))
        .findFirst()
        .orElseThrow()
        .errors();
  }

  private List<Event> events() {
    return samples.stream().flatMap(sample -> sample.events().stream()).toList();
  }

  @Test
  void xidsAndEccErrorsComeAsEventsAndAreCounted() throws Exception {
    Instant began = Instant.now();
    String report =
        sample(
            "A100",
            """
            instances 0 7
            xid 0:3 4.2 31
            xid 1 4.3 79
            xid 1 4.35 999
            field 2 4.4 4 1
            field 2 4.4 3 5
            """,
            sample -> errors(sample, 2).get("fatal") == 1);
    assertThat(events())
        .extracting(Event::device, Event::xid, Event::isFatal)
        .containsExactly(
            tuple("gpu:0:3", 31L, false),
            tuple("gpu:1", 79L, true),
            tuple("gpu:1", 999L, true),
            tuple("gpu:2", null, true));
    Event first = events().get(0);
    assertThat(first.uuid()).startsWith("MIG-");
    assertThat(first.parent()).startsWith("GPU-");
    assertThat(first.at()).isBetween(began, Instant.now());
    assertThat(errors(last(), 0)).containsEntry("fatal", 0L).containsEntry("xid_31", 1L);
    assertThat(errors(last(), 1))
        .containsEntry("fatal", 2L)
        .containsEntry("xid_79", 1L)
        .containsEntry("xid_other", 1L);
    assertThat(errors(last(), 2))
        .containsEntry("ecc_uncorrected", 1L)
        .containsEntry("ecc_corrected", 5L);
    assertThat(report).contains("\"nvml_event_set\":0,\"gpm_sample\":0");
  }

  @Test
  void powerEnergyAndTemperatureAreThoseOfTheWholeGpu() throws Exception {
    sample(
        "A100",
        """
        instances 0 7
        process 1 8 0 1e9 4294967296 90
        lacks 2 energy
        """,
        sample -> true);
    assertThat(last().health())
        .extracting(Health::device, Health::powerWatts, Health::temperatureCelsius)
        .contains(
            tuple(
                "gpu:0", 50.0,
                35.0), // 50 W and 35 degrees when idle, 200 W and 30 degrees more under load
            tuple("gpu:1", 50 + 0.9 * 200, 35 + 0.9 * 30));
    assertThat(last().health())
        .extracting(health -> health.energyJoules() != null)
        .containsExactly(true, true, false, true);
    assertThat(last().absent()).containsEntry("energy", "Not Supported (3)");
  }

  @Test
  void aStateClearsWithItsReasonAndACounterStays() throws Exception {
    sample(
        "A100",
        """
        field 0 4 143 2
        field 0 4 144 1
        field 0 7 144 -1
        field 1 4 94 12
        field 1 4 52 3
        has 1 nvlink
        """,
        sample ->
            errors(sample, 0).get("rows_remapped_uncorrectable") == 2
                && errors(sample, 0).get("rows_pending") == 0);
    assertThat(samples).anyMatch(sample -> errors(sample, 0).get("rows_pending") == 1);
    assertThat(errors(last(), 1))
        .containsEntry("pcie_replay", 12L)
        .containsEntry("nvlink_replay", 3L);
    assertThat(errors(last(), 0)).as("it has no links").doesNotContainKey("nvlink_replay");
    assertThat(last().absent()).containsKey("nvlink errors");
  }

  @Test
  void figuresThatACardDoesNotReportAreAbsentWithTheReason() throws Exception {
    sample("T4", "lacks 0 events\nlacks 0 fields\n", sample -> true, "--gpm");
    assertThat(errors(last(), 0)).isEmpty();
    assertThat(errors(last(), 1)).containsKeys("fatal", "ecc_uncorrected", "pcie_replay");
    assertThat(errors(last(), 1)).as("before Ampere").doesNotContainKey("rows_pending");
    assertThat(last().absent())
        .containsEntry("events", "Not Supported (3)")
        .containsEntry("ecc errors", "Not Supported (3)")
        .containsEntry("rows errors", "Not Supported (3)")
        .containsEntry("gpm", "not supported by this GPU; it requires Hopper or later");
  }

  @Test
  void eventsGoOnAfterAGpuWasLostAndCameBack() throws Exception {
    sample(
        "A100",
        "lost 1 2 4\nxid 0 3 119\nxid 1 5 94\n",
        sample -> sample.events().stream().anyMatch(event -> Long.valueOf(94).equals(event.xid())),
        "--interval",
        "250ms"); // there must be time to wait between two samples, even on a busy host
    assertThat(events()).extracting(Event::xid).containsExactly(119L, 94L);
    assertThat(samples)
        .anyMatch(sample -> sample.gpus().stream().anyMatch(gpu -> gpu.state() == State.LOST));
  }

  private State state(String device) {
    return last().gpus().stream()
        .filter(gpu -> gpu.device().equals(device))
        .map(Gpu::state)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void withGpmAHeldInstanceIsToldFromABusyOne() throws Exception {
    String report =
        sample(
            "H100",
            """
            instances 0 7
            process 0:1 11 0 1e9 1073741824 60
            process 0:2 12 0 1e9 1073741824 0
            process 1 13 0 1e9 1073741824 80
            """,
            sample -> !sample.gpus().get(6).activity().isEmpty(),
            "--gpm");
    assertThat(state("gpu:0:0")).isEqualTo(State.IDLE);
    assertThat(state("gpu:0:1")).isEqualTo(State.BUSY);
    assertThat(state("gpu:0:2")).isEqualTo(State.HELD);
    assertThat(last().gpus().get(1).activity())
        .isEqualTo(
            Map.of("graphics", 0.6, "sm", 0.6, "occupancy", 0.3, "tensor", 0.3, "dram", 0.15));
    assertThat(report).contains("\"nvml_event_set\":0,\"gpm_sample\":0");
    assertThat(report).contains("\"nvmlGpmSampleAlloc\":");
  }

  @Test
  void invalidSharesAreAbsentWithTheReason() throws Exception {
    sample(
        "H100",
        """
        instances 0 7
        process 0:1 11 0 1e9 1073741824 250
        process 1 13 0 1e9 1073741824 4000000000
        process 1 14 0 1e9 1073741824 0
        """,
        sample -> !sample.gpus().get(6).activity().isEmpty(),
        "--gpm");
    assertThat(last().gpus().get(1).activity()).isEqualTo(Map.of("dram", 0.625));
    assertThat(last().gpus().get(7).processes())
        .extracting(Occupant::pid, Occupant::utilization)
        .containsExactly(tuple(13L, null), tuple(14L, 0.0));
    assertThat(last().absent())
        .hasEntrySatisfying("gpm", why -> assertThat(why).matches("NVML returned [0-9.E]+ %"))
        .containsEntry("process_utilization", "NVML returned 4.0E9 %");
  }

  @Test
  void anInstanceHasItsShareOfMultiprocessorsAndMemory() throws Exception {
    sample("H100", "instances 0 2\n", sample -> true);
    assertThat(last().gpus().get(0).part())
        .isEqualTo(new NodeSample.Part(1 / 7.0, 132 / 15 * 2, 0.125));
    assertThat(last().gpus().get(2).part()).isNull();
  }
}
