package dev.flopmeter.report.finding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.Graph;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.cudnn.EmulatedGpu;
import dev.flopmeter.run.djl.DjlBackend;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small networks with exactly one fault each, which the first recommendation must name. The plans
 * are those of the CPU backend and of the GPU backend on the emulated device; the times are
 * invented, because an emulated device's times are not valid: every layer reaches 80 % of its roof
 * except those at fault.
 */
class PlantedCausesTest {
  @RegisterExtension static final EmulatedGpu GPU = new EmulatedGpu();

  private static @Nullable DjlBackend cpu;

  @BeforeAll
  static void open() {
    cpu = DjlBackend.open();
  }

  @AfterAll
  static void close() {
    if (cpu != null) {
      cpu.close();
    }
  }

  // The faults

  /**
   * A network with a fault.
   *
   * @param expected what the first recommendation changes
   * @param word in its title or evidence
   */
  private record Fault(String name, String expected, String word, Graph graph, PlantedRun setting) {
    ProfileResult profile() {
      return setting.profile(setting.isGpu ? GPU.backend() : cpu, graph);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Fault> faults() {
    PlantedRun noFusion = PlantedRun.cpu().options(options -> options.withFuse(false));
    PlantedRun oneThread = PlantedRun.cpu().slow(8).options(options -> options.withThreads(1));
    PlantedRun busy = PlantedRun.cpu().slow(4);
    busy.sensors = PlantedRun.sensors(4.0, List.of());
    PlantedRun gaps = PlantedRun.cpu();
    gaps.passOverLayers = 3;
    PlantedRun scattered = PlantedRun.cpu().slow(0.8 / 0.55);
    scattered.passOverLayers = 1.2;
    PlantedRun tensorCores = PlantedRun.gpu(Precision.FP32);
    tensorCores.capability = "8.0";
    PlantedRun graph = PlantedRun.gpu(Precision.BF16);
    graph.eager = 1.6;
    PlantedRun fallback = PlantedRun.gpu(Precision.BF16).slow(8, "Conv");
    fallback.kernel = kernel -> new KernelInfo(kernel.algorithm(), kernel.layout(), "fma", null);
    PlantedRun nhwc =
        PlantedRun.gpu(Precision.BF16).options(options -> options.withLayout(Layout.NHWC));
    PlantedRun clock = PlantedRun.gpu(Precision.BF16).slow(2);
    clock.card = "NVIDIA A100-SXM4-80GB";
    clock.capability = "8.0";
    clock.sensors = PlantedRun.sensors(null, List.of("sw_power_cap"));
    return Stream.of(
        fault(
            "fusing switched off",
            "FUSION",
            "--no-fuse",
            PlantedNetworks.convolutions(8, 1, true),
            noFusion),
        fault(
            "a chain that nothing fuses",
            "FUSION",
            "Fuse",
            PlantedNetworks.chain(),
            PlantedRun.cpu()),
        fault(
            "slow depthwise convolutions",
            "GROUPS",
            "depthwise",
            PlantedNetworks.convolutions(64, 64, false),
            PlantedRun.cpu().slow(10)),
        fault(
            "slow grouped convolutions",
            "GROUPS",
            "grouped",
            PlantedNetworks.convolutions(64, 4, false),
            PlantedRun.cpu().slow(10)),
        fault(
            "few channels",
            "CHANNELS",
            "too few",
            PlantedNetworks.convolutions(4, 1, false),
            PlantedRun.cpu().slow(5)),
        fault(
            "transposed back and forth",
            "TRANSPOSITIONS",
            "",
            PlantedNetworks.transposed(),
            PlantedRun.cpu()),
        fault(
            "layers shorter than a launch",
            "BATCH",
            "launch",
            PlantedNetworks.convolutions(32, 1, false),
            PlantedRun.cpu().launch(1e-2)),
        fault(
            "one thread of eight",
            "THREADS",
            "8 cores",
            PlantedNetworks.convolutions(64, 1, false),
            oneThread),
        fault(
            "a busy machine",
            "LOAD",
            "an idle machine",
            PlantedNetworks.convolutions(64, 1, false),
            busy),
        fault(
            "weights read for one row",
            "BATCH",
            "weights",
            PlantedNetworks.rows(1, 512),
            PlantedRun.cpu()),
        fault(
            "a slow product",
            "RUNTIME",
            "MatMul",
            PlantedNetworks.rows(256, 256),
            PlantedRun.cpu().slow(10)),
        fault(
            "an LSTM",
            "BATCH",
            "runs its steps sequentially",
            PlantedNetworks.recurrent(),
            PlantedRun.cpu().slow(8)),
        fault(
            "channels that leave registers partly empty",
            "CHANNELS",
            "multiple of 16",
            PlantedNetworks.convolutions(67, 1, false),
            PlantedRun.cpu().slow(4)),
        fault(
            "16-bit floats on a CPU",
            "PRECISION",
            "float16",
            PlantedNetworks.halfFloats(),
            PlantedRun.cpu().slow(20)),
        fault(
            "layers a little above half of their roofs, and time between them",
            "GAPS",
            "between",
            PlantedNetworks.convolutions(64, 1, false),
            scattered),
        fault(
            "a slow softmax",
            "RUNTIME",
            "Softmax",
            PlantedNetworks.softmax(),
            PlantedRun.cpu().slow(20, "Softmax")),
        fault(
            "time between layers",
            "GAPS",
            "between",
            PlantedNetworks.convolutions(64, 1, false),
            gaps),
        fault(
            "fp32 beside tensor cores",
            "PRECISION",
            "bf16",
            PlantedNetworks.rows(256, 256),
            tensorCores),
        fault(
            "channels that are padded",
            "CHANNELS",
            "multiple of 8",
            PlantedNetworks.convolutions(33, 1, false),
            PlantedRun.gpu(Precision.BF16)),
        fault(
            "fewer blocks than multiprocessors",
            "BATCH",
            "fill the device",
            PlantedNetworks.rows(64, 128),
            PlantedRun.gpu(Precision.BF16).slow(4)),
        fault(
            "an almost empty last wave",
            "WAVES",
            "last wave",
            PlantedNetworks.rows(9 * 128, 128),
            PlantedRun.gpu(Precision.BF16).slow(9.0 / 5)),
        fault("layouts that change", "LAYOUT", "layout", PlantedNetworks.mixed(), nhwc),
        fault(
            "steps launched one by one",
            "GRAPH",
            "graph",
            PlantedNetworks.convolutions(64, 1, false),
            graph),
        fault(
            "kernels without tensor cores",
            "PRECISION",
            "without tensor cores",
            PlantedNetworks.convolutions(64, 1, false),
            fallback),
        fault(
            "a clock that is held back",
            "CLOCK",
            "sw_power_cap",
            PlantedNetworks.rows(1024, 128),
            clock),
        fault(
            "small layers on a GPU",
            "BATCH",
            "launch",
            PlantedNetworks.convolutions(32, 1, false),
            PlantedRun.gpu(Precision.BF16).launch(1e-2)));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void thePlantedFaultIsNamedFirst(Fault fault) {
    List<Advice> all = Advice.of(fault.profile());
    assertThat(all).as(fault.name).isNotEmpty();
    Advice first = all.get(0);
    assertThat(first.kind()).as(all.toString()).isEqualTo(fault.expected);
    assertThat(first.title() + " " + first.evidence()).contains(fault.word);
    assertThat(first.command()).startsWith("flopmeter ");
  }

  @ParameterizedTest
  @MethodSource("faults")
  void withoutItsFaultOnlyWhatTheGraphItselfCausesIsLeft(Fault fault) {
    PlantedRun well = fault.setting.isGpu ? PlantedRun.gpu(Precision.BF16) : PlantedRun.cpu();
    List<String> ofTheGraph =
        List.of("FUSION", "TRANSPOSITIONS", "LAYOUT", "CHANNELS", "BATCH", "QUANTISATION");
    Fault healthy = new Fault(fault.name, fault.expected, "", fault.graph, well);
    assertThat(Advice.of(healthy.profile())).extracting(Advice::kind).isSubsetOf(ofTheGraph);
  }

  private static Fault fault(
      String name, String expected, String word, Graph graph, PlantedRun setting) {
    return new Fault(name, expected, word, graph, setting);
  }
}
