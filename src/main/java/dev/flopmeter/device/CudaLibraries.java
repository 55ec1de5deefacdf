package dev.flopmeter.device;

import com.sun.jna.ptr.IntByReference;
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
 * files (or their directories) where the loader's search and the usual places do not find them.
 */
public final class CudaLibraries {
  /** The oldest CUDA version of a driver that the bound runtime, 12.6, works on. */
  private static final int OLDEST_DRIVER = 12_000;

  private static final String CUDNN = "libcudnn.so.9";

  private static final String DRIVER_FIX =
      "install NVIDIA's driver 525.60.13 or later (Debian and Ubuntu: nvidia-driver, libcuda1), and"
          + " in a container start it with --gpus all";
  private static final String CUDNN_FIX =
      "install cuDNN 9 (Debian and Ubuntu: libcudnn9-cuda-12; Python: pip install"
          + " nvidia-cudnn-cu12), name it in FLOPMETER_LIBCUDNN, or build with mvn package"
          + " -Pcuda-redist";

  private final LibraryFinding driver;
  private final LibraryFinding cudnn;
  private final List<LibraryFinding> companions;
  private final @Nullable DynamicLibrary driverLibrary;

  private CudaLibraries(
      LibraryFinding driver,
      LibraryFinding cudnn,
      List<LibraryFinding> companions,
      @Nullable DynamicLibrary driverLibrary) {
    this.driver = driver;
    this.cudnn = cudnn;
    this.companions = List.copyOf(companions);
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
    if (driver.library == null || !driverFinding.isUsable()) {
      LibraryFinding untried =
          LibraryFinding.missing("cuDNN", "not tried without a driver", CUDNN_FIX);
      return new CudaLibraries(driverFinding, untried, List.of(), driver.library);
    }
    Opened cudnn = openCudnn(places, environment);
    if (cudnn.library == null) {
      return new CudaLibraries(driverFinding, cudnn.finding, List.of(), driver.library);
    }
    LibraryFinding cudnnFinding = checkCudnn(cudnn.library, driver.library);
    List<LibraryFinding> companions =
        cudnnFinding.isUsable() && !CudaDevices.isEmulated(driver.library)
            ? companions(places, cudnn.library)
            : List.of();
    return new CudaLibraries(driverFinding, cudnnFinding, companions, driver.library);
  }

  /** As configured, or in the usual places, or where the Python on the path has it. */
  private static Opened openCudnn(LibraryPlaces places, Map<String, String> environment) {
    Opened opened = open(places.candidates(CUDNN, "FLOPMETER_LIBCUDNN"), "cuDNN", CUDNN_FIX);
    boolean isConfigured = !environment.getOrDefault("FLOPMETER_LIBCUDNN", "").isBlank();
    if (opened.library != null || isConfigured) {
      return opened;
    }
    return CudnnCompanions.ofPython(environment.getOrDefault("PATH", ""))
        .map(folder -> open(List.of(folder.resolve(CUDNN).toString()), "cuDNN", CUDNN_FIX))
        .orElse(opened);
  }

  private static List<LibraryFinding> companions(LibraryPlaces places, DynamicLibrary cudnn) {
    try {
      return new CudnnCompanions(places, cudnn.file().orElse(Path.of(CUDNN)), cudaMajor(cudnn))
          .open();
    } catch (LibraryException e) {
      return List.of(
          LibraryFinding.missing("cuDNN's companions", String.valueOf(e.getMessage()), CUDNN_FIX));
    }
  }

  /** The version of CUDA that a cuDNN was built for. */
  private static int cudaMajor(DynamicLibrary cudnn) throws LibraryException {
    return (int) (cudnn.callLong("cudnnGetCudartVersion") / 1000);
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
    // The last one is the most precise: what a file lacks, not that a bare name was not found.
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
            "too old: it offers CUDA " + readable + ", 12.0 is required",
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

  private static LibraryFinding checkCudnn(DynamicLibrary library, DynamicLibrary driver) {
    Path file = library.file().orElse(Path.of(CUDNN));
    try {
      long version = library.callLong("cudnnGetVersion");
      String readable =
          version >= 90_000
              ? version / 10_000 + "." + version % 10_000 / 100 + "." + version % 100
              : version / 1000 + "." + version % 1000 / 100 + "." + version % 100;
      if (version / 10_000 != 9) {
        return LibraryFinding.unusable(
            "cuDNN",
            file.toString(),
            readable,
            "version " + readable + ", 9 is required",
            CUDNN_FIX);
      }
      Optional<String> lacking = lacking(library, "cudnn");
      if (lacking.isPresent()) {
        return LibraryFinding.unusable(
            "cuDNN", file.toString(), readable, "lacks the function " + lacking.get(), CUDNN_FIX);
      }
      IntByReference offered = new IntByReference();
      driver.call("cuDriverGetVersion", offered);
      int built = cudaMajor(library);
      if (built > offered.getValue() / 1000) {
        return LibraryFinding.unusable(
            "cuDNN",
            file.toString(),
            readable,
            "built for CUDA "
                + built
                + ", but the driver offers CUDA "
                + offered.getValue() / 1000
                + "."
                + offered.getValue() % 1000 / 10,
            "install a newer driver, or the cuDNN for CUDA "
                + offered.getValue() / 1000
                + " (pip install nvidia-cudnn-cu"
                + offered.getValue() / 1000
                + ")");
      }
      return LibraryFinding.usable("cuDNN", file.toString(), readable);
    } catch (LibraryException e) {
      return LibraryFinding.unusable("cuDNN", file.toString(), null, e.getMessage(), CUDNN_FIX);
    }
  }

  private static Optional<String> lacking(DynamicLibrary library, String which) {
    return RequiredFunctions.of(which).stream().filter(name -> !library.has(name)).findFirst();
  }

  public LibraryFinding driver() {
    return driver;
  }

  public LibraryFinding cudnn() {
    return cudnn;
  }

  /** What cuDNN opens when it first needs it; empty where it was not looked for. */
  public List<LibraryFinding> companions() {
    return companions;
  }

  /** What stands in the way of running on a GPU; empty if nothing does but perhaps the devices. */
  public List<String> problems() {
    return Stream.concat(Stream.of(driver, cudnn), companions.stream())
        .filter(f -> !f.isUsable() && !f.what().equals(CudnnCompanions.NVRTC))
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
