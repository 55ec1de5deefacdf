package dev.flopmeter.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The libraries that cuDNN loads on first use. */
class CudnnCompanionsTest {
  @TempDir private Path root;

  private List<LibraryFinding> open(Path cudnn, int cudaMajor) {
    return new CudnnCompanions(new LibraryPlaces(Map.of(), root), cudnn, cudaMajor).open();
  }

  private static LibraryFinding named(List<LibraryFinding> findings, String what) {
    return findings.stream().filter(f -> f.what().equals(what)).findFirst().orElseThrow();
  }

  @Test
  void namesWhatIsMissingAndHowToGetIt() {
    List<LibraryFinding> findings = open(root.resolve("lib/libcudnn.so.9"), 99);
    assertThat(named(findings, "cuBLASLt").message())
        .startsWith("cuBLASLt: not found (")
        .contains("libcublasLt.so.99")
        .contains("cuDNN ends the process without it")
        .contains("pip install nvidia-cublas");
    assertThat(named(findings, "NVRTC").message()).contains("libnvrtc.so.99");
    assertThat(named(findings, "cuDNN's part graph").message()).contains("install cuDNN 9 again");
  }

  @Test
  void looksIntoTheWheelsBesideCudnn() throws IOException {
    Path cublas = root.resolve("nvidia/cublas/lib/libcublasLt.so.99");
    Files.createDirectories(cublas.getParent());
    Files.writeString(cublas, "not a library");
    Path cudnn = root.resolve("nvidia/cudnn/lib/libcudnn.so.9");
    Files.createDirectories(cudnn.getParent());
    assertThat(named(open(cudnn, 99), "cuBLASLt").message()).contains("libcublasLt.so.99");
    Files.delete(cublas);
    Files.createSymbolicLink(cublas, Path.of(System.getProperty("java.home"), "lib/libzip.so"));
    assertThat(named(open(cudnn, 99), "cuBLASLt").isUsable()).isTrue();
  }

  @Test
  void looksIntoTheEnvironmentOfConda() throws IOException {
    Path library = Files.createDirectories(root.resolve("env/lib")).resolve("libcudnn.so.9");
    Files.createFile(library);
    Map<String, String> active = Map.of("CONDA_PREFIX", root.resolve("env").toString());
    assertThat(new LibraryPlaces(active, root).candidates("libcudnn.so.9"))
        .containsExactly("libcudnn.so.9", library.toString());
  }

  private Path python(String script) throws IOException {
    Path program = Files.writeString(root.resolve("python3"), "#!/bin/sh\n" + script + "\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    return root;
  }

  @Test
  void asksThePythonOnThePath() throws IOException {
    assertThat(CudnnCompanions.ofPython(python("echo /somewhere/nvidia/cudnn").toString()))
        .contains(Path.of("/somewhere/nvidia/cudnn/lib"));
    assertThat(CudnnCompanions.ofPython(python("exit 1").toString())).isEmpty();
    assertThat(CudnnCompanions.ofPython(root.resolve("nowhere").toString())).isEmpty();
  }
}
