package dev.flopmeter.run.cudnn.driver;

import java.util.Map;
import java.util.Set;
import java.util.function.ToIntBiFunction;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jcuda.jcudnn.JCudnn;

/** Turns status codes into exceptions that name the call: every native call passes through here. */
public final class Status {
  /** Errors that leave the context unusable, by the driver's documentation of each. */
  private static final Set<Integer> STICKY =
      Set.of(
          CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
          CUresult.CUDA_ERROR_ASSERT,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          CUresult.CUDA_ERROR_INVALID_PC,
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE,
          CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE,
          CUresult.CUDA_ERROR_UNKNOWN);

  private static final Map<Integer, String> ADVICE =
      Map.of(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY,
          "use a smaller batch or free the device's memory",
          CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          "the device's work is lost; please report this with the model and --verbose",
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          "the device's work is lost; run again, and check the kernel log for Xid messages",
          CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          "the device's memory is faulty; drain this machine and check nvidia-smi -q -d ECC",
          CUresult.CUDA_ERROR_UNKNOWN,
          "the device may be lost; check nvidia-smi and the kernel log for Xid messages",
          CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE,
          "another process holds the device; check nvidia-smi for its compute mode",
          CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
          "install a newer NVIDIA driver");

  private static final int CUDNN_SUCCESS = 0;

  /** How cuDNN calls a status that it does not have. */
  private static final String UNKNOWN = "CUDNN_UNKNOWN_STATUS";

  private Status() {}

  /**
   * Checks a driver call.
   *
   * @throws DeviceFailure unless it succeeded
   */
  public static void cuda(int status, String call) {
    if (status != CUresult.CUDA_SUCCESS) {
      throw cudaFailure(status, call);
    }
  }

  static DeviceFailure cudaFailure(int status, String call) {
    String advice = ADVICE.getOrDefault(status, "check nvidia-smi and the kernel log");
    String name = described(JCudaDriver::cuGetErrorName, status, "CUDA error " + status);
    String text = described(JCudaDriver::cuGetErrorString, status, "no description");
    String message = call + " failed: " + name + " (" + text + "); " + advice;
    return new DeviceFailure(message, STICKY.contains(status));
  }

  /**
   * Checks a cuDNN call. cuDNN hides the driver's error behind its own, so the driver is asked too:
   * its error says more, and whether anything can go on.
   *
   * @throws DeviceFailure unless it succeeded
   */
  public static void cudnn(int status, String call) {
    if (status != CUDNN_SUCCESS) {
      throw cudnnFailure(status, call);
    }
  }

  public static DeviceFailure cudnnFailure(int status, String call) {
    // A call that waits for nothing: after a sticky error it fails like any other.
    int driver = JCudaDriver.cuMemGetInfo(new long[1], new long[1]);
    return driver == CUresult.CUDA_SUCCESS
        ? passing(status, call)
        : cudaFailure(driver, call).at(cudnnName(status));
  }

  private static DeviceFailure passing(int status, String call) {
    return new DeviceFailure(
        call + " failed: " + cudnnName(status) + " (" + cudnnMeaning(status) + ")", false);
  }

  /** Of cuDNN 9, by itself: the constants in JCudnn are cuDNN 8's, whose numbers differ. */
  private static String cudnnName(int status) {
    String name = JCudnn.cudnnGetErrorString(status);
    return name.equals(UNKNOWN) ? "CUDNN_STATUS_" + status : name;
  }

  /** What the category of a status, its thousands, means for a user. */
  private static String cudnnMeaning(int status) {
    return switch (status / 1000) {
      case 1 -> "cuDNN cannot be used as it is installed; see flopmeter doctor";
      case 2 -> "a parameter is wrong; please report this with the model";
      case 3 -> "this cuDNN or device does not offer it";
      case 4 -> "cuDNN failed inside, perhaps for lack of memory";
      case 5 -> "the device failed while computing";
      default -> "unknown to flopmeter";
    };
  }

  /** Whether a status means that this way of computing is not offered, so that another may do. */
  public static boolean isUnsupported(int cudnnStatus) {
    return cudnnStatus / 1000 == 3;
  }

  /**
   * Checks a call that gives something back. After a sticky error these fail as well, which tells
   * nothing new: the error was reported when it came.
   */
  static void freedCuda(int status, String call) {
    if (status != CUresult.CUDA_SUCCESS
        && status != CUresult.CUDA_ERROR_DEINITIALIZED
        && !STICKY.contains(status)) {
      throw cudaFailure(status, call);
    }
  }

  /** As {@link #freedCuda} for cuDNN, whose sticky errors are those of execution. */
  public static void freedCudnn(int status, String call) {
    if (status != CUDNN_SUCCESS && status / 1000 != 4 && status / 1000 != 5) {
      throw passing(status, call);
    }
  }

  /** What the driver answers about a status; {@code otherwise} where it does not know it. */
  private static String described(
      ToIntBiFunction<Integer, String[]> ask, int status, String otherwise) {
    String[] answer = new String[1];
    return ask.applyAsInt(status, answer) == CUresult.CUDA_SUCCESS && answer[0] != null
        ? answer[0]
        : otherwise;
  }
}
