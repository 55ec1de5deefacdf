package dev.flopmeter.device;

import com.sun.jna.ptr.IntByReference;
import dev.flopmeter.text.Resource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA driver and cuDNN of this machine, opened and checked before they are bound, because
 * calling a missing function would end the process.
 *
 * <p>The environment variables {@code FLOPMETER_LIBCUDA} and {@code FLOPMETER_LIBCUDNN} name the
 * files (or their directories) if they are not found by the loader or in the usual places.
 *
 * @param companions libraries that cuDNN opens on first use; empty if they were not searched
 * @param driverLibrary null if none could be opened
 */
public record CudaLibraries(
    LibraryFinding driver,
    LibraryFinding cudnn,
    List<LibraryFinding> companions,
    @Nullable DynamicLibrary driverLibrary) {
  /** The oldest CUDA version of a driver that the bound runtime, 12.6, works on. */
  private static final int OLDEST_DRIVER = 12_000;

  private static final int STUB_LIBRARY = 34;
  private static final String STUB_FIX = "take its folder out of LD_LIBRARY_PATH";
  private static final String CUDNN = "libcudnn.so.9";

  private static final String DRIVER_FIX =
      "install NVIDIA's driver 525.60.13 or later (Debian and Ubuntu: nvidia-driver, libcuda1), and"
          + " in a container start it with --gpus all";
  private static final String CUDNN_FIX =
      "install cuDNN 9 (Debian and Ubuntu: libcudnn9-cuda-12; Python: pip install"
          + " nvidia-cudnn-cu12), name it in FLOPMETER_LIBCUDNN, or build with mvn package"
          + " -Pcuda-redist";
  private static final LibraryFinding UNTRIED =
      LibraryFinding.missing("cuDNN", "not tried without a driver", CUDNN_FIX);

  public CudaLibraries {
    companions = List.copyOf(companions);
  }

  /** Looks for both on this machine. */
  public static CudaLibraries find() {
    return find(System.getenv());
  }

  /** Like {@link #find()}, with these environment variables instead of the process' own. */
  public static CudaLibraries find(Map<String, String> environment) {
    LibraryPlaces places = new LibraryPlaces(environment, Path.of("/"));
    DynamicLibrary driver;
    try {
      driver = DynamicLibrary.openAny(places.candidates("libcuda.so.1", "FLOPMETER_LIBCUDA"));
    } catch (LibraryException e) {
      LibraryFinding missing = LibraryFinding.missing("CUDA driver", e.getMessage(), DRIVER_FIX);
      return new CudaLibraries(missing, UNTRIED, List.of(), null);
    }
    LibraryFinding found = checkDriver(driver);
    // cuDNN calls the driver as it loads; without one its error would only confuse.
    if (!found.isUsable()) {
      return new CudaLibraries(found, UNTRIED, List.of(), driver);
    }
    DynamicLibrary cudnn;
    try {
      cudnn = openCudnn(places, environment);
    } catch (LibraryException e) {
      LibraryFinding missing = LibraryFinding.missing("cuDNN", e.getMessage(), CUDNN_FIX);
      return new CudaLibraries(found, missing, List.of(), driver);
    }
    // Asked before the first call, with which the emulated one may load another beside it.
    Path file = cudnn.file();
    LibraryFinding checked = checkCudnn(cudnn, String.valueOf(found.version()));
    List<LibraryFinding> companions =
        checked.isUsable() ? companions(places, cudnn, file) : List.of();
    return new CudaLibraries(found, checked, companions, driver);
  }

  /** As configured, in the usual places, or where the Python on the path has it. */
  private static DynamicLibrary openCudnn(LibraryPlaces places, Map<String, String> environment)
      throws LibraryException {
    try {
      return DynamicLibrary.openAny(places.candidates(CUDNN, "FLOPMETER_LIBCUDNN"));
    } catch (LibraryException e) {
      Optional<Path> python =
          environment.getOrDefault("FLOPMETER_LIBCUDNN", "").isBlank()
              ? CudnnCompanions.ofPython(environment.getOrDefault("PATH", ""))
              : Optional.empty();
      if (python.isEmpty()) {
        throw e;
      }
      return DynamicLibrary.open(python.get().resolve(CUDNN).toString());
    }
  }

  private static List<LibraryFinding> companions(
      LibraryPlaces places, DynamicLibrary cudnn, Path file) {
    try {
      return new CudnnCompanions(places, file, cudaMajor(cudnn)).open();
    } catch (LibraryException e) {
      return List.of(LibraryFinding.missing("cuDNN's companions", e.getMessage(), CUDNN_FIX));
    }
  }

  /** The version of CUDA that a cuDNN was built for. */
  private static int cudaMajor(DynamicLibrary cudnn) throws LibraryException {
    return (int) (cudnn.callLong("cudnnGetCudartVersion") / 1000);
  }

  private static LibraryFinding checkDriver(DynamicLibrary library) {
    String path = library.file().toString();
    LibraryFinding found = LibraryFinding.usable("CUDA driver", path, null);
    try {
      IntByReference version = new IntByReference();
      int status = library.call("cuDriverGetVersion", version);
      if (status == STUB_LIBRARY) {
        return found.unusable("is the CUDA toolkit's stub, no driver", STUB_FIX);
      }
      if (status != 0) {
        return found.unusable("cuDriverGetVersion failed with " + status, DRIVER_FIX);
      }
      String readable = cudaVersion(version.getValue());
      found = LibraryFinding.usable("CUDA driver", path, readable);
      return version.getValue() < OLDEST_DRIVER
          ? found.unusable("too old: it offers CUDA " + readable + ", 12.0 is required", DRIVER_FIX)
          : complete(found, library, "required-cuda.txt", DRIVER_FIX);
    } catch (LibraryException e) {
      return found.unusable(e.getMessage(), DRIVER_FIX);
    }
  }

  /** {@code 12.6} for 12060. */
  private static String cudaVersion(int number) {
    return number / 1000 + "." + number % 1000 / 10;
  }

  private static LibraryFinding checkCudnn(DynamicLibrary library, String offered) {
    String path = library.file().toString();
    LibraryFinding found = LibraryFinding.usable("cuDNN", path, null);
    try {
      long version = library.callLong("cudnnGetVersion");
      long scale = version >= 90_000 ? 10_000 : 1000;
      String readable = version / scale + "." + version % scale / 100 + "." + version % 100;
      found = LibraryFinding.usable("cuDNN", path, readable);
      if (version / 10_000 != 9) {
        return found.unusable("version " + readable + ", 9 is required", CUDNN_FIX);
      }
      int offeredMajor = Integer.parseInt(offered.split("\\.", -1)[0]);
      LibraryFinding complete = complete(found, library, "required-cudnn.txt", CUDNN_FIX);
      return complete.isUsable() && cudaMajor(library) > offeredMajor
          ? found.unusable(
              "built for CUDA %d, but the driver offers CUDA %s"
                  .formatted(cudaMajor(library), offered),
              "install a newer driver, or the cuDNN for CUDA %d (pip install nvidia-cudnn-cu%d)"
                  .formatted(offeredMajor, offeredMajor))
          : complete;
    } catch (LibraryException e) {
      return found.unusable(e.getMessage(), CUDNN_FIX);
    }
  }

  /**
   * The finding; unusable if the library lacks a function that is called.
   *
   * @param resource names the functions, one per line
   */
  private static LibraryFinding complete(
      LibraryFinding found, DynamicLibrary library, String resource, String fix) {
    return Resource.text(CudaLibraries.class, resource)
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("#") && !library.has(line))
        .findFirst()
        .map(symbol -> found.unusable("lacks the function " + symbol, fix))
        .orElse(found);
  }

  public List<LibraryFinding> all() {
    return Stream.concat(Stream.of(driver, cudnn), companions.stream()).toList();
  }

  /**
   * Problems that prevent running on a GPU, without those of the devices; empty if none is known.
   */
  public List<String> problems() {
    return all().stream()
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
