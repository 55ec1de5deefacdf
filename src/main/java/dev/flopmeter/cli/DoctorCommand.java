package dev.flopmeter.cli;

import dev.flopmeter.device.CacheFolder;
import dev.flopmeter.device.CudaDevices;
import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DynamicLibrary;
import dev.flopmeter.device.LibraryException;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.CudnnBackend;
import dev.flopmeter.run.djl.DjlBackend;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * {@code flopmeter doctor}: checks the requirements of a run and suggests fixes. The last checks
 * compute a convolution on the CPU and on every GPU, as {@code profile} would.
 */
final class DoctorCommand extends Command {
  private static final int CHANNELS = 8;
  private static final int WINDOW = 9;

  private final OutputArguments output = with(new OutputArguments());
  private final StringBuilder findings = new StringBuilder();
  private boolean isWell = true;

  @Override
  int run(Console console) {
    say(true, "Java " + Runtime.version() + " on " + System.getProperty("os.name"));
    roofs();
    boolean isCpuWell = tryOut("cpu", DjlBackend::open);
    String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    if (system.equals("Linux amd64")) {
      gpus();
    } else {
      say(false, "no GPU: JCuda's libraries are built for Linux on x86-64, not for " + system);
    }
    if (!isWell && isCpuWell) {
      findings.append("networks run on the CPU; omit --device and --backend\n");
    }
    output.write(findings.toString(), console);
    return isWell ? 0 : Main.DEVICE_FAILED;
  }

  private void gpus() {
    CudaLibraries libraries = CudaLibraries.find();
    libraries.all().forEach(finding -> say(finding.isUsable(), finding.message()));
    sensors();
    CudaDevices devices = libraries.devices();
    String problem = devices.problem();
    if (problem != null) {
      say(false, "no GPU: " + problem);
    }
    boolean canCompute = libraries.problems().isEmpty();
    for (Device device : devices.devices()) {
      say(true, describe(device));
      if (canCompute) {
        tryOut(device.id(), () -> CudnnBackend.open(device.id()));
      }
    }
  }

  private void say(boolean isGood, String text) {
    isWell &= isGood;
    line(isGood ? "ok" : "PROBLEM", text);
  }

  private void line(String state, String text) {
    findings.append("%-8s %s%n".formatted(state, text));
  }

  /** Without this folder profiles work, but each one measures the device's roofs again. */
  private void roofs() {
    try {
      Path folder = CacheFolder.ofUser();
      Files.createDirectories(folder);
      if (Files.isWritable(folder)) {
        say(true, "cache folder " + folder);
      } else {
        say(false, "the cache folder " + folder + " cannot be written; set XDG_CACHE_HOME");
      }
    } catch (IOException e) {
      say(false, "no cache folder: " + IoReason.of(e) + "; set XDG_CACHE_HOME");
    }
  }

  /** Without NVML a run works, but reports no clocks and no power. */
  private void sensors() {
    try {
      DynamicLibrary.open("libnvidia-ml.so.1");
      say(true, "NVML (clocks, power, temperature)");
    } catch (LibraryException e) {
      line("absent", "NVML: no clocks, power or temperature (" + e.getMessage() + ")");
    }
  }

  private static String describe(Device device) {
    String capability = device.properties().get("compute_capability");
    return "%s %s, compute capability %s%s"
        .formatted(
            device.id(),
            device.name(),
            capability,
            device.isEmulated() ? " (emulated: its times are not valid)" : "");
  }

  /** Computes a convolution of ones: every inner result is window times channels. */
  private boolean tryOut(String device, Supplier<Backend> opened) {
    GraphBuilder graph = new GraphBuilder("doctor", 17);
    TensorType type = TensorType.of(DataType.FLOAT, 1, CHANNELS, 8, 8);
    String image = graph.input("image", type);
    String weights =
        graph.constant(
            "weights", FilledTensor.of(TensorType.of(DataType.FLOAT, CHANNELS, CHANNELS, 3, 3), 1));
    String result = graph.add("Conv", "convolution", Attributes.NONE, image, weights);
    Graph built = graph.build(List.of(result));
    try (Backend backend = opened.get();
        Plan plan = backend.prepare(built, RunOptions.DEFAULT)) {
      Tensor output = plan.run(Map.of("image", FilledTensor.of(type, 1))).get(result);
      double found = output == null ? Double.NaN : output.doubleAt(0);
      boolean isRight = found == (double) CHANNELS * WINDOW;
      int expected = CHANNELS * WINDOW;
      String right = " computes a convolution correctly " + backend.libraries();
      String wrong =
          " computes a convolution wrongly (%s instead of %d); the device or its libraries are"
              + " faulty";
      say(isRight, device + (isRight ? right : wrong.formatted(found, expected)));
      return isRight;
    } catch (BackendException e) {
      say(false, device + " cannot be used: " + Main.oneLine(String.valueOf(e.getMessage())));
      return false;
    }
  }
}
