package dev.flopmeter.cli;

import dev.flopmeter.device.CudaDevices;
import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.measure.BackendReference;
import dev.flopmeter.measure.Reference;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.cudnn.CudnnBackend;
import dev.flopmeter.run.djl.DjlBackend;
import dev.flopmeter.run.ort.OrtBackend;
import dev.flopmeter.run.ort.OrtOptions;
import dev.flopmeter.text.Labelled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens a backend: the only class that refers to all of them. */
final class Backends {
  private Backends() {}

  /** The values of {@code --backend}. */
  enum Kind implements Labelled {
    /** The GPU if one is usable; otherwise the CPU, with ONNX Runtime if it can run the model. */
    AUTO,
    /** NVIDIA GPUs. */
    CUDNN,
    /** The CPU, with ONNX Runtime. */
    ORT,
    /** The CPU, with PyTorch. */
    DJL,
    /** Each of them that is usable here, one after the other. */
    ALL
  }

  /** Reads {@code auto}, {@code cpu} or {@code cuda:N}. */
  static String deviceName(String text) {
    if (text.matches("auto|cpu|cuda:\\d{1,3}")) {
      return text;
    }
    throw new ModelException("must be auto, cpu or cuda:N (such as cuda:0), not '" + text + "'");
  }

  /**
   * Opens the backend that the user asked for.
   *
   * @param device {@code auto}, {@code cpu} or {@code cuda:N}
   * @throws ModelException if the two contradict each other
   * @throws BackendException if it cannot be started
   */
  static Backend open(Kind kind, String device, OrtOptions ort) {
    boolean wantsCpu = device.equals("cpu");
    boolean wantsGpu = device.startsWith("cuda:");
    return switch (kind) {
      case DJL -> {
        if (wantsGpu) {
          throw new ModelException("--backend djl runs on the CPU; omit --device " + device);
        }
        yield DjlBackend.open();
      }
      case ORT -> {
        if (wantsGpu) {
          throw new ModelException(
              "--backend ort chooses a GPU by --ort-option provider=cuda; omit --device " + device);
        }
        yield openOnnxRuntime(ort);
      }
      case CUDNN -> {
        if (wantsCpu) {
          throw new ModelException("--backend cudnn runs on GPUs; use --backend djl for the CPU");
        }
        yield CudnnBackend.open(wantsGpu ? device : "cuda:0");
      }
      case AUTO, ALL -> {
        Backend gpu = gpuFor(device);
        yield gpu == null ? DjlBackend.open() : gpu;
      }
    };
  }

  /**
   * Opens the backend for a model: the GPU if one is usable; on the CPU ONNX Runtime if it has all
   * kernels of the model, otherwise PyTorch, with the reason on standard error. The choice involves
   * no timing, so it is always the same.
   */
  static Backend auto(String device, OrtOptions ort, Graph graph, RunOptions run) {
    Backend gpu = gpuFor(device);
    if (gpu != null) {
      return gpu;
    }
    try {
      OrtBackend backend = openOnnxRuntime(ort);
      backend.requireSupport(graph, run);
      return backend;
    } catch (ModelException | BackendException e) {
      Backend other = DjlBackend.open();
      System.err.println("flopmeter: running with djl: " + e.getMessage());
      return other;
    }
  }

  /** Opens every backend that is usable here; standard error lists those that do not load. */
  static List<Backend> all(String device, OrtOptions ort) {
    List<Backend> backends = new ArrayList<>();
    Backend gpu = gpuFor(device);
    if (gpu != null) {
      backends.add(gpu);
    }
    if (!device.startsWith("cuda:")) {
      for (Kind kind : new Kind[] {Kind.ORT, Kind.DJL}) {
        try {
          backends.add(open(kind, device, ort));
        } catch (BackendException e) {
          System.err.println("flopmeter: without " + kind.label() + ": " + e.getMessage());
        }
      }
    }
    return backends;
  }

  private static OrtBackend openOnnxRuntime(OrtOptions ort) {
    try {
      return OrtBackend.open(ort);
    } catch (NoClassDefFoundError e) {
      throw new BackendException("ONNX Runtime is not part of this installation", e);
    }
  }

  private static @Nullable Backend gpuFor(String device) {
    if (device.startsWith("cuda:")) {
      return CudnnBackend.open(device);
    }
    return device.equals("cpu") ? null : usableGpu();
  }

  /**
   * The first GPU, or nothing if none is usable: then the CPU runs. If there is a driver but
   * something else is missing, standard error names it, because the user may expect the GPU.
   */
  private static @Nullable Backend usableGpu() {
    CudaLibraries libraries = CudaLibraries.find();
    if (libraries.driver().path() == null) {
      return null;
    }
    CudaDevices devices = libraries.devices();
    List<String> problems = libraries.problems();
    String reason = problems.isEmpty() ? devices.problem() : problems.get(0);
    if (reason != null) {
      System.err.println("flopmeter: running on the CPU: " + reason);
      return null;
    }
    return CudnnBackend.open(devices.devices().get(0).id());
  }

  /**
   * The reference for a backend's outputs: PyTorch on the CPU. PyTorch itself is compared with its
   * own unfused run, which still finds errors of fusion. Null if PyTorch does not load, as in an
   * installation for GPUs only; the result then states that nothing was compared.
   */
  static @Nullable Reference referenceFor(Backend backend) {
    if (backend instanceof DjlBackend) {
      return new BackendReference(backend, false);
    }
    try {
      return new BackendReference(DjlBackend.open(), true);
    } catch (BackendException e) {
      System.err.println("flopmeter: the outputs are not checked: " + e.getMessage());
      return null;
    }
  }
}
