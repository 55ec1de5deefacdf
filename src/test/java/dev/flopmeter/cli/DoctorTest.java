package dev.flopmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.flopmeter.run.cudnn.EmulatedGpu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Output of doctor on an emulated GPU, and with faults in the environment. */
class DoctorTest {
  private static final Path SCRIPT = Path.of("src/test/bin/emulated-gpu").toAbsolutePath();
  private static final Path LIBRARIES = Path.of("target/emulated-gpu/lib").toAbsolutePath();

  @RegisterExtension static final EmulatedGpu emulated = new EmulatedGpu();

  @TempDir Path folder;

  private record Said(int code, List<String> lines) {
    List<String> problems() {
      return lines.stream().filter(line -> line.startsWith("PROBLEM")).toList();
    }

    /** A host with NVIDIA's own libraries cannot show the effect of a missing one. */
    void assumeNoOther(String file) {
      assumeTrue(
          lines.stream()
              .filter(line -> line.startsWith("ok") && line.contains("/" + file))
              .allMatch(line -> line.contains(LIBRARIES + "/")),
          "this host has a " + file + " of its own");
    }
  }

  private Said doctor(Map<String, String> environment, String... prefix)
      throws IOException, InterruptedException {
    Path errors = folder.resolve("errors");
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    List<String> command = new ArrayList<>(List.of(prefix));
    command.addAll(List.of(java.toString(), "-XX:TieredStopAtLevel=1", "-Dai.djl.offline=true"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of("dev.flopmeter.cli.Main", "doctor"));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    Process process = builder.redirectError(errors.toFile()).start();
    List<String> lines = new String(process.getInputStream().readAllBytes()).lines().toList();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    assertThat(lines).as(Files.readString(errors)).isNotEmpty();
    return new Said(process.exitValue(), lines);
  }

  private Said underFault(String fault) throws IOException, InterruptedException {
    Map<String, String> environment = new HashMap<>();
    for (String part : fault.split(" ")) {
      int equals = part.indexOf('=');
      environment.put(
          "FLOPMETER_EMULATED_" + (equals < 0 ? "FAULT" : part.substring(0, equals)),
          part.substring(equals + 1));
    }
    return doctor(environment, SCRIPT.toString());
  }

  @Test
  void withoutAFaultAConvolutionIsComputed() throws Exception {
    Said said = underFault("");
    assertThat(said.problems()).isEmpty();
    assertThat(said.code()).isZero();
    assertThat(said.lines())
        .anyMatch(line -> line.matches("ok +cuBLASLt \\(.*libcublasLt.so.12\\)"))
        .anyMatch(line -> line.matches("ok +NVRTC \\(.*\\)"))
        .anyMatch(line -> line.matches("ok +cuDNN's part heuristic \\(.*\\)"))
        .anyMatch(line -> line.matches("ok +cuda:0 computes a convolution correctly .*"));
  }

  /**
   * Each names the problem and the fix; nothing that would end the process is tried.
   *
   * @param computes whether the GPU computes in spite of it
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "missing-library:libcublasLt.so.12 | cuBLASLt: not found | install libcublas-12 | false",
        "missing-library:libnvrtc.so.12 | NVRTC: not found | install cuda-nvrtc-12 or pip | true",
        "missing-library:libcudnn_graph.so.9 | part graph: not found | install cuDNN 9 | false",
        "CUDART_VERSION=13000 | built for CUDA 13, but the driver offers CUDA 12.6"
            + " | install a newer driver, or the cuDNN for CUDA 12 | false",
        "old-driver | too old: it offers CUDA 11.0 | install NVIDIA's driver | false",
        "stub@call:cuDriverGetVersion | the CUDA toolkit's stub | LD_LIBRARY_PATH | false",
        "cudnn-version:8907 | version 8.9.7, 9 is required | install cuDNN 9 | false",
        "no-device | the driver reports no device | check nvidia-smi | false",
        "missing-symbol:cudnnCreate | lacks the function cudnnCreate | install cuDNN 9 | false",
        "oom@call:cudnnCreate | cuda:0 cannot be used: cudnnCreate failed | memory | false",
        "wrong-convolutions | convolution wrongly (144.0 instead of 72) | are faulty | false",
      })
  void aFaultIsNamedWithItsRemedy(String fault, String problem, String remedy, boolean computes)
      throws Exception {
    Said said = underFault(fault);
    if (fault.startsWith("missing-library:")) {
      said.assumeNoOther(fault.substring(fault.indexOf(':') + 1));
    }
    assertThat(said.code()).isEqualTo(3);
    assertThat(said.problems())
        .first()
        .satisfies(line -> assertThat(line).contains(problem).contains(remedy));
    assertThat(
            said.lines().stream()
                .anyMatch(line -> line.contains("cuda:0 computes a convolution correctly")))
        .isEqualTo(computes);
  }

  @Test
  void cudnnOfThePythonOnThePathIsFound() throws Exception {
    Path driver = Files.createDirectories(folder.resolve("driver"));
    for (String file : List.of("libcuda.so.1", "libnvidia-ml.so.1")) {
      Files.createSymbolicLink(driver.resolve(file), LIBRARIES.resolve(file));
    }
    Map<String, String> environment = new HashMap<>();
    environment.put("LD_LIBRARY_PATH", driver.toString());
    Path cudnn = Files.createDirectories(folder.resolve("nvidia/cudnn/lib"));
    Files.createSymbolicLink(cudnn.resolve("libcudnn.so.9"), LIBRARIES.resolve("libcudnn.so.9"));
    Path python =
        Files.writeString(folder.resolve("python3"), "#!/bin/sh\necho " + cudnn.getParent() + "\n");
    assertThat(python.toFile().setExecutable(true)).isTrue();
    environment.put("PATH", folder + ":" + System.getenv("PATH"));
    Said said = doctor(environment);
    said.assumeNoOther("libcudnn.so.9");
    assertThat(said.problems()).isEmpty();
    assertThat(said.lines())
        .anyMatch(line -> line.matches("ok +cuDNN 9.5.1 \\(.*libcudnn.so.9\\)"))
        .anyMatch(line -> line.contains("cuda:0 computes a convolution correctly"));
  }
}
