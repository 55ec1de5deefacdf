package dev.flopmeter.run.cudnn.driver;

import java.util.Map;
import java.util.TreeMap;

/**
 * Names of cuDNN 9's status codes. The ones in JCudnn are cuDNN 8's, whose numbers differ. The
 * thousands tell the category, from the enumeration in cuDNN 9's {@code cudnn_graph.h}.
 */
final class CudnnStatus {
  private static final Map<Integer, String> NAMES = names();

  private CudnnStatus() {}

  static String name(int status) {
    return "CUDNN_STATUS_" + NAMES.getOrDefault(status, Integer.toString(status));
  }

  /** What the category of a status means for a user. */
  static String meaning(int status) {
    return switch (status / 1000) {
      case 1 -> "cuDNN cannot be used as it is installed; see flopmeter doctor";
      case 2 -> "a parameter is wrong; please report this with the model";
      case 3 -> "this cuDNN or device does not offer it";
      case 4 -> "cuDNN failed inside, perhaps for lack of memory";
      case 5 -> "the device failed while computing";
      default -> "unknown to flopmeter";
    };
  }

  private static Map<Integer, String> names() {
    Map<Integer, String> names = new TreeMap<>();
    names.put(0, "SUCCESS");
    put(
        names,
        1001,
        "NOT_INITIALIZED",
        "SUBLIBRARY_VERSION_MISMATCH",
        "SERIALIZATION_VERSION_MISMATCH",
        "DEPRECATED",
        "LICENSE_ERROR",
        "RUNTIME_IN_PROGRESS",
        "RUNTIME_FP_OVERFLOW",
        "SUBLIBRARY_LOADING_FAILED");
    names.put(2000, "BAD_PARAM");
    put(
        names,
        2002,
        "BAD_PARAM_NULL_POINTER",
        "BAD_PARAM_MISALIGNED_POINTER",
        "BAD_PARAM_NOT_FINALIZED",
        "BAD_PARAM_OUT_OF_BOUND",
        "BAD_PARAM_SIZE_INSUFFICIENT",
        "BAD_PARAM_STREAM_MISMATCH",
        "BAD_PARAM_SHAPE_MISMATCH",
        "BAD_PARAM_DUPLICATED_ENTRIES",
        "BAD_PARAM_ATTRIBUTE_TYPE",
        "BAD_PARAM_CUDA_GRAPH_MISMATCH");
    put(
        names,
        3000,
        "NOT_SUPPORTED",
        "NOT_SUPPORTED_GRAPH_PATTERN",
        "NOT_SUPPORTED_SHAPE",
        "NOT_SUPPORTED_DATA_TYPE",
        "NOT_SUPPORTED_LAYOUT",
        "NOT_SUPPORTED_INCOMPATIBLE_CUDA_DRIVER",
        "NOT_SUPPORTED_INCOMPATIBLE_CUDART",
        "NOT_SUPPORTED_ARCH_MISMATCH",
        "NOT_SUPPORTED_RUNTIME_PREREQUISITE_MISSING",
        "NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE",
        "NOT_SUPPORTED_SHARED_MEMORY_INSUFFICIENT",
        "NOT_SUPPORTED_PADDING",
        "NOT_SUPPORTED_BAD_LAUNCH_PARAM",
        "NOT_SUPPORTED_CUDA_GRAPH_NATIVE_API");
    put(
        names,
        4000,
        "INTERNAL_ERROR",
        "INTERNAL_ERROR_COMPILATION_FAILED",
        "INTERNAL_ERROR_UNEXPECTED_VALUE",
        "INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
        "INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "INTERNAL_ERROR_BAD_LAUNCH_PARAM",
        "INTERNAL_ERROR_TEXTURE_CREATION_FAILED");
    put(
        names,
        5000,
        "EXECUTION_FAILED",
        "EXECUTION_FAILED_CUDA_DRIVER",
        "EXECUTION_FAILED_CUBLAS",
        "EXECUTION_FAILED_CUDART",
        "EXECUTION_FAILED_CURAND");
    return names;
  }

  private static void put(Map<Integer, String> names, int first, String... consecutive) {
    for (int i = 0; i < consecutive.length; i++) {
      names.put(first + i, consecutive[i]);
    }
  }
}
