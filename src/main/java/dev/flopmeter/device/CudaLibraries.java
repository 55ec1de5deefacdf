package dev.flopmeter.device;

import com.sun.jna.ptr.IntByReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA driver and cuDNN of this machine, opened and checked before anything is bound to them: a
 * call into a library that lacks the function would end the process.
 *
 * <p>The environment variables {@code FLOPMETER_LIBCUDA} and {@code FLOPMETER_LIBCUDNN} name the
 * files (or their directories) where the loader's search and the well-known places do not do.
 */
public final class CudaLibraries {
  /** The oldest CUDA version of a driver that the bound runtime, 12.6, works on. */
  private static final int OLDEST_DRIVER = 12_000;

  private static final String DRIVER_FIX =
      "install NVIDIA's driver 525.60.13 or later (Debian and Ubuntu: nvidia-driver, libcuda1), and in a container"
          + " start it with --gpus all";
  private static final String CUDNN_FIX =
      "install cuDNN 9 (Debian and Ubuntu: libcudnn9-cuda-12; Python: pip install nvidia-cudnn-cu12), name it in"
          + " FLOPMETER_LIBCUDNN, or build with mvn package -Pcuda-redist";

  private final LibraryFinding driver;
  private final LibraryFinding cudnn;
  private final @Nullable DynamicLibrary driverLibrary;

  private CudaLibraries(
      LibraryFinding driver, LibraryFinding cudnn, @Nullable DynamicLibrary driverLibrary) {
    this.driver = driver;
    this.cudnn = cudnn;
    this.driverLibrary = driverLibrary;
  }

  /** Looks for both on this machine. */
  public static CudaLibraries find() {
    return find(System.getenv());
  }

  /** As {@link #find()}, with these environment variables in place of the process' own. */
  public static CudaLibraries find(Map<String, String> environment) {
    LibraryPlaces places = new LibraryPlaces(environment, Path.of("/"));
    Opened driver =
        open(places.candidates("libcuda.so.1", "FLOPMETER_LIBCUDA"), "CUDA driver", DRIVER_FIX);
    LibraryFinding driverFinding =
        driver.library == null ? driver.finding : checkDriver(driver.library);
    // cuDNN asks the driver as it loads; without one its verdict would only confuse.
    Opened cudnn =
        driverFinding.isUsable()
            ? open(places.candidates("libcudnn.so.9", "FLOPMETER_LIBCUDNN"), "cuDNN", CUDNN_FIX)
            : new Opened(
                null, LibraryFinding.missing("cuDNN", "not tried without a driver", CUDNN_FIX));
    LibraryFinding cudnnFinding = cudnn.library == null ? cudnn.finding : checkCudnn(cudnn.library);
    return new CudaLibraries(driverFinding, cudnnFinding, driver.library);
  }

  private record Opened(@Nullable DynamicLibrary library, LibraryFinding finding) {}

  private static Opened open(List<String> candidates, String what, String fix) {
    List<String> verdicts = new ArrayList<>();
    for (String candidate : candidates) {
      try {
        return new Opened(DynamicLibrary.open(candidate), LibraryFinding.missing(what, "", fix));
      } catch (LibraryException e) {
        verdicts.add(e.getMessage());
      }
    }
    // The last one says most: what a file that is there lacks, not that a bare name was not found.
    String verdict = verdicts.isEmpty() ? "no such file" : verdicts.get(verdicts.size() - 1);
    return new Opened(null, LibraryFinding.missing(what, verdict, fix));
  }

  private static LibraryFinding checkDriver(DynamicLibrary library) {
    String path = library.file().map(Path::toString).orElse("libcuda.so.1");
    try {
      IntByReference version = new IntByReference();
      int status = library.call("cuDriverGetVersion", version);
      if (status != 0) {
        return LibraryFinding.unusable(
            "CUDA driver", path, null, "cuDriverGetVersion failed with " + status, DRIVER_FIX);
      }
      String readable = version.getValue() / 1000 + "." + version.getValue() % 1000 / 10;
      if (version.getValue() < OLDEST_DRIVER) {
        return LibraryFinding.unusable(
            "CUDA driver",
            path,
            readable,
            "too old: it offers CUDA " + readable + ", needed is 12.0",
            DRIVER_FIX);
      }
      return lacking(library, "cuda")
          .map(
              symbol ->
                  LibraryFinding.unusable(
                      "CUDA driver", path, readable, "lacks the function " + symbol, DRIVER_FIX))
          .orElseGet(() -> LibraryFinding.usable("CUDA driver", path, readable));
    } catch (LibraryException e) {
      return LibraryFinding.unusable("CUDA driver", path, null, e.getMessage(), DRIVER_FIX);
    }
  }

  private static LibraryFinding checkCudnn(DynamicLibrary library) {
    Path file = library.file().orElse(Path.of("libcudnn.so.9"));
    try {
      long version = library.callLong("cudnnGetVersion");
      String readable =
          version >= 90_000
              ? version / 10_000 + "." + version % 10_000 / 100 + "." + version % 100
              : version / 1000 + "." + version % 1000 / 100 + "." + version % 100;
      if (version / 10_000 != 9) {
        return LibraryFinding.unusable(
            "cuDNN", file.toString(), readable, "version " + readable + ", needed is 9", CUDNN_FIX);
      }
      Optional<String> lacking = lacking(library, "cudnn");
      if (lacking.isPresent()) {
        return LibraryFinding.unusable(
            "cuDNN", file.toString(), readable, "lacks the function " + lacking.get(), CUDNN_FIX);
      }
      openCompanions(file);
      return LibraryFinding.usable("cuDNN", file.toString(), readable);
    } catch (LibraryException e) {
      return LibraryFinding.unusable("cuDNN", file.toString(), null, e.getMessage(), CUDNN_FIX);
    }
  }

  private static Optional<String> lacking(DynamicLibrary library, String which) {
    return RequiredFunctions.of(which).stream().filter(name -> !library.has(name)).findFirst();
  }

  /**
   * cuDNN 9 opens its parts by bare name when first needed, and could meet those of another
   * installation: what is open already wins, so its own parts are opened now. Wheels keep cuBLAS
   * and NVRTC in directories beside it. One that is missing is no error before cuDNN asks for it.
   */
  private static void openCompanions(Path cudnn) {
    Path directory = cudnn.getParent();
    if (directory == null) {
      return;
    }
    List<Path> companions = new ArrayList<>();
    for (String sibling : List.of("cublas", "cuda_nvrtc", "cu13")) {
      companions.addAll(
          matching(directory.resolve("../../" + sibling + "/lib"), "libcublasLt.so.1"));
      companions.addAll(matching(directory.resolve("../../" + sibling + "/lib"), "libcublas.so.1"));
      companions.addAll(matching(directory.resolve("../../" + sibling + "/lib"), "libnvrtc.so.1"));
    }
    companions.addAll(matching(directory, "libcudnn_"));
    for (Path companion : companions) {
      try {
        DynamicLibrary.open(companion.toString());
      } catch (LibraryException ignored) {
        // cuDNN itself says so if it ever needs this part.
      }
    }
  }

  private static List<Path> matching(Path directory, String prefix) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(prefix))
          .filter(file -> file.getFileName().toString().matches(".*\\.so\\.\\d+"))
          .sorted()
          .toList();
    } catch (java.io.IOException e) {
      return List.of();
    }
  }

  public LibraryFinding driver() {
    return driver;
  }

  public LibraryFinding cudnn() {
    return cudnn;
  }

  /** What stands in the way of running on a GPU; empty if nothing does but perhaps the devices. */
  public List<String> problems() {
    return Stream.of(driver, cudnn)
        .filter(f -> !f.isUsable())
        .map(LibraryFinding::message)
        .toList();
  }

  /** The devices that the driver shows, in its order. */
  public CudaDevices devices() {
    return driverLibrary == null || !driver.isUsable()
        ? CudaDevices.none("no usable CUDA driver")
        : CudaDevices.list(driverLibrary, driver, cudnn);
  }
}
