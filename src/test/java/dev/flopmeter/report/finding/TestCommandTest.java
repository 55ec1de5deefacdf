package dev.flopmeter.report.finding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.count.ModelInfo;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DeviceKind;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.report.SampleProfiles;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Run;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Commands that run a network again: unchanged, or with one thing changed. */
class TestCommandTest {
  private static final Device CPU =
      new Device(DeviceKind.CPU, "cpu", "Sample", Map.of("cores", "8", "threads", "2"), false);
  private static final Device CUDA =
      new Device(DeviceKind.CUDA, "cuda:0", "Sample", Map.of(), false);

  private static TestCommand command(
      Device device, String backend, String layout, boolean isFused, String stopReason) {
    TensorType tokens = TensorType.of(DataType.INT64, 4, 128);
    TensorType state = TensorType.of(DataType.FLOAT, 2, 4, 64);
    ModelInfo model =
        new ModelInfo(
            "net",
            "my net.onnx",
            18,
            List.of(new ModelInfo.Input("ids", tokens), new ModelInfo.Input("h", state)));
    ProfileResult base =
        SampleProfiles.with(
            SampleProfiles.resnet50(), model, SampleProfiles.resnet50().layers(), List.of());
    Run run =
        new Run(
            backend,
            Precision.FP32,
            layout,
            4,
            isFused,
            30,
            Map.of(),
            10,
            stopReason,
            Instant.EPOCH,
            null);
    return new TestCommand(AdviceTest.changed(base, run, device, null, true));
  }

  private static final String INPUTS = " --input ids=1x128 --input h=2x1x64";

  @Test
  void everySettingOfTheRunIsKept() {
    TestCommand one = command(CPU, "djl", "nchw", false, "noise settled");
    String start = "flopmeter profile 'my net.onnx' --device cpu --backend djl --precision fp32";
    assertThat(one.again())
        .isEqualTo(start + " --batch 4 --layout nchw --no-fuse --threads 2" + INPUTS);
    assertThat(one.batch(8, 16))
        .isEqualTo(start + " --batch 4,8,16 --layout nchw --no-fuse --threads 2" + INPUTS);
  }

  @Test
  void theTestedSettingReplacesTheRunsOwn() {
    TestCommand one = command(CPU, "djl", "nchw", false, "noise settled");
    assertThat(one.with("--threads", "8")).contains("--threads 8").doesNotContain("--threads 2");
    assertThat(one.with("--layout", "nhwc")).contains("--layout nhwc").doesNotContain("nchw");
    assertThat(one.fused()).doesNotContain("--no-fuse");
    assertThat(one.otherRuntimes())
        .isEqualTo(
            "flopmeter profile 'my net.onnx' --device cpu --backend all --batch 4 --threads 2"
                + INPUTS);
  }

  @Test
  void onnxRuntimeChoosesItsLayoutsItself() {
    assertThat(command(CPU, "djl", "nhwc", true, "noise settled").otherLayout())
        .contains("--layout nchw");
    TestCommand ort = command(CPU, "ort", "auto", true, "noise settled");
    assertThat(ort.otherLayout()).isEqualTo(ort.otherRuntimes());
  }

  @Test
  void onnxRuntimeChoosesItsGpuByItsProvider() {
    assertThat(command(CUDA, "ort", "auto", true, "noise settled").again())
        .isEqualTo(
            "flopmeter profile 'my net.onnx' --ort-option provider=cuda --backend ort"
                + " --precision fp32 --batch 4"
                + INPUTS);
  }

  @Test
  void anotherRuntimesRunNeedsAnotherTrace() {
    TestCommand trace = command(CUDA, "tensorrt", "auto", true, "end of the trace");
    assertThat(trace.batch(8, 16))
        .isEqualTo("flopmeter import --model 'my net.onnx' --batch 8" + INPUTS + " TRACE...");
    assertThat(trace.precisions("bf16,tf32"))
        .isEqualTo("flopmeter import --model 'my net.onnx' --batch 4" + INPUTS + " TRACE...");
  }
}
