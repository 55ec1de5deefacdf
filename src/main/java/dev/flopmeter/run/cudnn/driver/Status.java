package dev.flopmeter.run.cudnn.driver;

import dev.flopmeter.text.Csv;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntBiFunction;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jcuda.jcudnn.JCudnn;

/** Turns status codes into exceptions that name the call: every native call passes through here. */
public final class Status {
  /** The row of {@code errors.csv} for a number: name, whether it is sticky, advice. */
  private static final Map<String, List<String>> ERRORS = Csv.byWord(Status.class, "errors.csv");

  private static final List<String> OTHER =
      List.of("", "no", "check nvidia-smi and the kernel log");

  private static final int CUDNN_SUCCESS = 0;
  private static final int NOT_SUPPORTED = 3;

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
    String name = described(JCudaDriver::cuGetErrorName, status, "CUDA error " + status);
    String text = described(JCudaDriver::cuGetErrorString, status, "no description");
    String message = "%s failed: %s (%s); %s".formatted(call, name, text, error(status).get(2));
    return new DeviceFailure(message, isSticky(status));
  }

  private static List<String> error(int status) {
    return ERRORS.getOrDefault(Integer.toString(status), OTHER);
  }

  private static boolean isSticky(int status) {
    return error(status).get(1).equals("yes");
  }

  /**
   * Checks a cuDNN call. cuDNN hides the driver's error behind its own, so the driver is checked
   * too: its error says more, and whether work can continue.
   *
   * @throws DeviceFailure unless it succeeded
   */
  public static void cudnn(int status, String call) {
    if (status != CUDNN_SUCCESS) {
      throw cudnnFailure(status, call);
    }
  }

  public static DeviceFailure cudnnFailure(int status, String call) {
    int driver = driverStatus();
    return driver == CUresult.CUDA_SUCCESS
        ? passing(status, call)
        : cudaFailure(driver, call).at(cudnnName(status));
  }

  private static DeviceFailure passing(int status, String call) {
    return new DeviceFailure(
        call + " failed: " + cudnnName(status) + " (" + meaning(status) + ")", false);
  }

  /** Of cuDNN 9, by itself: the constants in JCudnn are cuDNN 8's, whose numbers differ. */
  private static String cudnnName(int status) {
    String name = JCudnn.cudnnGetErrorString(status);
    return name.equals("CUDNN_UNKNOWN_STATUS") ? "CUDNN_STATUS_" + status : name;
  }

  private static int category(int cudnnStatus) {
    return cudnnStatus / 1000;
  }

  /** Whether cuDNN only says that it does not support what a call asks for. */
  public static boolean isRefusal(int cudnnStatus) {
    return category(cudnnStatus) == NOT_SUPPORTED;
  }

  /** What the category of a status means for a user. */
  private static String meaning(int cudnnStatus) {
    List<String> row = ERRORS.get(category(cudnnStatus) + "xxx");
    return row == null ? "unknown to flopmeter" : row.get(2);
  }

  /**
   * Checks a call that frees something. After a sticky error these fail as well, which is ignored:
   * the error was already reported.
   */
  static void freedCuda(int status, String call) {
    if (status != CUresult.CUDA_SUCCESS
        && status != CUresult.CUDA_ERROR_DEINITIALIZED
        && !isSticky(status)) {
      throw cudaFailure(status, call);
    }
  }

  /** As {@link #freedCuda} for cuDNN, whose own status does not tell a sticky error. */
  public static void freedCudnn(int status, String call) {
    if (status != CUDNN_SUCCESS && driverStatus() == CUresult.CUDA_SUCCESS) {
      throw passing(status, call);
    }
  }

  /** By a call that waits for nothing: after a sticky error it fails like any other. */
  private static int driverStatus() {
    return JCudaDriver.cuMemGetInfo(new long[1], new long[1]);
  }

  /** The driver's text for a status; {@code otherwise} if it has none. */
  private static String described(
      ToIntBiFunction<Integer, String[]> ask, int status, String otherwise) {
    String[] answer = new String[1];
    return ask.applyAsInt(status, answer) == CUresult.CUDA_SUCCESS && answer[0] != null
        ? answer[0]
        : otherwise;
  }
}
