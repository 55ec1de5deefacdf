package dev.flopmeter.cli;

import dev.flopmeter.device.CudaDevices;
import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.device.Device;
import dev.flopmeter.device.DynamicLibrary;
import dev.flopmeter.device.LibraryException;
import dev.flopmeter.device.LibraryFinding;
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
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * {@code flopmeter doctor}: what a GPU run needs, what of it is here, and what to do about the
 * rest. It ends by computing a convolution on every device and checking the result.
 */
@Command(
    name = "doctor",
    description = "Checks what running on a GPU needs, and says how to get what is missing.",
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
  private static final int CHANNELS = 8;
  private static final int WINDOW = 9;

  @Spec private CommandSpec spec;

  private boolean isWell = true;

  @Override
  public Integer call() {
    say(true, "Java " + Runtime.version() + " on " + System.getProperty("os.name"));
    if (!System.getProperty("os.arch").equals("amd64")) {
      say(
          false,
          "the GPU's bindings are made for x86_64, this is " + System.getProperty("os.arch"));
    }
    CudaLibraries libraries = CudaLibraries.find();
    for (LibraryFinding finding : List.of(libraries.driver(), libraries.cudnn())) {
      say(finding.isUsable(), finding.message());
    }
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
        tryOut(device);
      }
    }
    if (!isWell) {
      out().println("networks run on the CPU all the same: --backend djl");
    }
    out().flush();
    return isWell ? 0 : Main.DEVICE_FAILED;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private void say(boolean isGood, String text) {
    isWell &= isGood;
    out().println((isGood ? "ok       " : "PROBLEM  ") + text);
  }

  /** Without NVML a run works, but tells nothing of clocks and power. */
  private void sensors() {
    try {
      DynamicLibrary.open("libnvidia-ml.so.1");
      say(true, "NVML (clocks, power, temperature)");
    } catch (LibraryException e) {
      out().println("absent   NVML: no clocks, power or temperature (" + e.getMessage() + ")");
    }
  }

  private static String describe(Device device) {
    return device.id()
        + " "
        + device.name()
        + ", compute capability "
        + device.properties().get("compute_capability")
        + (device.isEmulated() ? " (emulated: its times mean nothing)" : "");
  }

  /** A convolution of ones whose every inner result is window times channels. */
  private void tryOut(Device device) {
    GraphBuilder graph = new GraphBuilder("doctor", 17);
    TensorType type = TensorType.of(DataType.FLOAT, 1, CHANNELS, 8, 8);
    String image = graph.input("image", type);
    String weights =
        graph.constant(
            "weights", FilledTensor.of(TensorType.of(DataType.FLOAT, CHANNELS, CHANNELS, 3, 3), 1));
    String result = graph.add("Conv", "convolution", Attributes.NONE, image, weights);
    Graph built = graph.build(List.of(result));
    try (Backend backend = CudnnBackend.open(device.id());
        Plan plan = backend.prepare(built, RunOptions.DEFAULT)) {
      Tensor output = plan.run(Map.of("image", FilledTensor.of(type, 1))).get(result);
      double found = output == null ? Double.NaN : output.doubleAt(0);
      boolean isRight = found == (double) CHANNELS * WINDOW;
      say(
          isRight,
          isRight
              ? device.id() + " computes a convolution rightly"
              : device.id()
                  + " computes a convolution wrongly ("
                  + found
                  + " instead of "
                  + CHANNELS * WINDOW
                  + "); the device or cuDNN is faulty");
    } catch (BackendException e) {
      say(false, device.id() + " cannot be used: " + e.getMessage());
    }
  }
}
