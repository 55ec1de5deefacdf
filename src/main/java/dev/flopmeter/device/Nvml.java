package dev.flopmeter.device;

/**
 * NVML, the management library of NVIDIA's driver, opened and initialised. Only for reading; it
 * changes nothing on a GPU.
 *
 * @param library its functions return an nvmlReturn_t
 */
record Nvml(DynamicLibrary library) implements AutoCloseable {
  static final String LIBRARY = "libnvidia-ml.so.1";

  // Numbers of nvmlReturn_t.
  static final int SUCCESS = 0;
  static final int NOT_FOUND = 6;
  static final int INSUFFICIENT_SIZE = 7;
  static final int GPU_IS_LOST = 15;

  /**
   * Opens and initialises the library.
   *
   * @throws LibraryException with the reason if either fails
   */
  static Nvml open(String name) throws LibraryException {
    Nvml nvml;
    try {
      nvml = new Nvml(DynamicLibrary.open(name));
    } catch (LibraryException e) {
      throw new LibraryException(name + " cannot be loaded: " + e.getMessage());
    }
    nvml.initialise();
    return nvml;
  }

  /** Initialises it again after {@link #close}, so that it sees the current GPUs. */
  void initialise() throws LibraryException {
    int status = library.call("nvmlInit_v2");
    if (status != SUCCESS) {
      throw new LibraryException("nvmlInit failed: " + message(status));
    }
  }

  /** The name of a function, or of its older form if this version lacks it. */
  String available(String function, String older) {
    return library.has(function) ? function : older;
  }

  String message(int status) {
    try {
      return library.text("nvmlErrorString", status) + " (" + status + ")";
    } catch (LibraryException e) {
      return "error " + status;
    }
  }

  boolean isEmulated() {
    return library.has("nvml_is_emulated");
  }

  @Override
  public void close() {
    try {
      library.call("nvmlShutdown");
    } catch (LibraryException ignored) {
      // a library without it has nothing to shut down
    }
  }
}
