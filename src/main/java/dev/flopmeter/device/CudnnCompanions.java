package dev.flopmeter.device;

import dev.flopmeter.text.Csv;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The libraries that cuDNN 9 opens by bare name on first use. One from another installation would
 * be wrong, and without cuBLASLt cuDNN ends the process. So they are opened first, because an open
 * library takes precedence.
 *
 * @param cudnn the file that cuDNN was loaded from; they are searched next to it
 * @param cudaMajor the version of CUDA that it was built for
 */
record CudnnCompanions(LibraryPlaces places, Path cudnn, int cudaMajor) {
  /** The only one without which cuDNN works, with fewer engines. */
  static final String NVRTC = "NVRTC";

  /** Folders of Python wheels beside cuDNN's. */
  private static final List<String> WHEELS = List.of("cublas", "cuda_nvrtc", "cu13");

  private static final int PATIENCE_SECONDS = 10;

  /** Opens all of them; those without which cuDNN cannot work come first. */
  List<LibraryFinding> open() {
    String wheel = cudaMajor >= 13 ? "" : "-cu" + cudaMajor;
    List<LibraryFinding> findings = new ArrayList<>();
    for (List<String> row : Csv.rows(CudnnCompanions.class, "cudnn-companions.csv")) {
      String file = row.get(1).replace("{cuda}", Integer.toString(cudaMajor));
      String fix = row.get(2).replace("{cuda}", Integer.toString(cudaMajor));
      findings.add(open(row.get(0), file, fix.replace("{wheel}", wheel)));
    }
    return findings;
  }

  private LibraryFinding open(String what, String file, String fix) {
    List<String> candidates = new ArrayList<>();
    beside(file).ifPresent(path -> candidates.add(path.toString()));
    candidates.addAll(places.candidates(file));
    try {
      DynamicLibrary library = DynamicLibrary.openAny(candidates);
      return LibraryFinding.usable(what, library.file().toString(), null);
    } catch (LibraryException e) {
      return LibraryFinding.missing(what, e.getMessage(), fix);
    }
  }

  private Optional<Path> beside(String file) {
    Stream<String> wheels = WHEELS.stream().map(wheel -> "../../" + wheel + "/lib/" + file);
    return Stream.concat(Stream.of(file), wheels)
        .map(cudnn.toAbsolutePath()::resolveSibling)
        .filter(Files::exists)
        .findFirst();
  }

  /**
   * The folder of cuDNN's libraries in the Python that {@code python3} starts; nothing if there is
   * no such Python, it has no cuDNN, or it does not answer in time.
   *
   * @param path where {@code python3} is looked for
   */
  static Optional<Path> ofPython(String path) {
    String question =
        "import importlib.util as u; s = u.find_spec('nvidia.cudnn');"
            + " print(list(s.submodule_search_locations)[0] if s else '')";
    Optional<Path> program =
        Arrays.stream(path.split(File.pathSeparator))
            .map(folder -> Path.of(folder, "python3"))
            .filter(Files::isExecutable)
            .findFirst();
    if (program.isEmpty()) {
      return Optional.empty();
    }
    try {
      Process python =
          new ProcessBuilder(program.get().toString(), "-c", question)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      python.getOutputStream().close();
      if (!python.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        python.destroyForcibly();
        return Optional.empty();
      }
      String answer =
          new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return answer.isEmpty() ? Optional.empty() : Optional.of(Path.of(answer, "lib"));
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
