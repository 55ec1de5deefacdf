package dev.flopmeter.device;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import dev.flopmeter.text.Csv;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA devices of this machine.
 *
 * @param problem why there is none or why they could not be listed; null if there are some
 */
public record CudaDevices(List<Device> devices, @Nullable String problem) {
  /** The first architecture with tensor cores (Volta), for which our kernels are compiled. */
  public static final String OLDEST_COMPUTE_CAPABILITY = "7.0";

  private static final int NO_DEVICE = 100;
  private static final int SYSTEM_DRIVER_MISMATCH = 803;

  public CudaDevices {
    devices = List.copyOf(devices);
  }

  static CudaDevices none(String problem) {
    return new CudaDevices(List.of(), problem);
  }

  static CudaDevices list(
      DynamicLibrary driver, LibraryFinding driverFinding, LibraryFinding cudnn) {
    try {
      int status = driver.call("cuInit", 0);
      if (status != 0) {
        return none(initProblem(status));
      }
      IntByReference count = new IntByReference();
      require(driver.call("cuDeviceGetCount", count), "cuDeviceGetCount");
      List<Device> devices = new ArrayList<>();
      for (int i = 0; i < count.getValue(); i++) {
        devices.add(describe(driver, i, driverFinding, cudnn));
      }
      return devices.isEmpty() ? none(initProblem(NO_DEVICE)) : new CudaDevices(devices, null);
    } catch (LibraryException e) {
      return none(e.getMessage());
    }
  }

  private static String initProblem(int status) {
    return switch (status) {
      case NO_DEVICE ->
          "the driver reports no device; check nvidia-smi, CUDA_VISIBLE_DEVICES, and in a container"
              + " --gpus all";
      case SYSTEM_DRIVER_MISMATCH ->
          "libcuda.so.1 does not match the kernel's driver module; reboot after the driver update";
      default -> "cuInit failed with error " + status + "; check nvidia-smi and the kernel log";
    };
  }

  private static Device describe(
      DynamicLibrary driver, int ordinal, LibraryFinding driverFinding, LibraryFinding cudnn)
      throws LibraryException {
    IntByReference device = new IntByReference();
    require(driver.call("cuDeviceGet", device, ordinal), "cuDeviceGet");
    int handle = device.getValue();
    byte[] name = new byte[256];
    require(driver.call("cuDeviceGetName", name, name.length, handle), "cuDeviceGetName");
    LongByReference memory = new LongByReference();
    require(driver.call("cuDeviceTotalMem_v2", memory, handle), "cuDeviceTotalMem");
    Map<String, String> properties = new TreeMap<>();
    properties.put("cuda", String.valueOf(driverFinding.version()));
    Optional.ofNullable(cudnn.version()).ifPresent(version -> properties.put("cudnn", version));
    kernelDriver().ifPresent(version -> properties.put("driver", version));
    properties.put("memory_bytes", Long.toString(memory.getValue()));
    for (List<String> row : Csv.rows(CudaDevices.class, "device-attributes.csv")) {
      List<Object> values = new ArrayList<>();
      for (String number : row.get(1).split(" ", -1)) {
        IntByReference value = new IntByReference();
        int status = driver.call("cuDeviceGetAttribute", value, Integer.parseInt(number), handle);
        require(status, "cuDeviceGetAttribute");
        values.add((long) value.getValue() * Integer.parseInt(row.get(2)));
      }
      properties.put(row.get(0), String.format(Locale.ROOT, row.get(3), values.toArray()));
    }
    uuid(driver, "cuDeviceGetUuid", handle)
        .ifPresent(uuid -> properties.put("uuid", "GPU-" + uuid));
    String label = Native.toString(name, StandardCharsets.UTF_8);
    if (label.contains(" MIG ") && driver.has("cuDeviceGetUuid_v2")) {
      uuid(driver, "cuDeviceGetUuid_v2", handle)
          .ifPresent(uuid -> properties.put("mig_uuid", "MIG-" + uuid));
      Optional.ofNullable(properties.get("mig_uuid"))
          .flatMap(NvmlSensors::memoryShare)
          .ifPresent(share -> properties.put("mig_memory_share", Double.toString(share)));
    }
    // The tests' emulation has its own functions, by which it is recognised under any name.
    boolean isEmulated = driver.has("emu_device_count");
    return new Device(DeviceKind.CUDA, "cuda:" + ordinal, label, properties, isEmulated);
  }

  /**
   * As nvidia-smi and NVML write it, except for its prefix; the second version is a MIG instance's.
   */
  private static Optional<String> uuid(DynamicLibrary driver, String function, int device)
      throws LibraryException {
    try (Memory bytes = new Memory(16)) {
      if (driver.call(function, bytes, device) != 0) {
        return Optional.empty();
      }
      String hex = HexFormat.of().formatHex(bytes.getByteArray(0, 16));
      return Optional.of(hex.replaceFirst("(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5"));
    }
  }

  /** The kernel module's version, such as {@code 550.90.07}. */
  private static Optional<String> kernelDriver() {
    try {
      Matcher version =
          Pattern.compile("Module\\S*(?:\\s+for\\s+\\S+)?\\s+([0-9][0-9.]+)")
              .matcher(Files.readString(Path.of("/proc/driver/nvidia/version")));
      return version.find() ? Optional.of(version.group(1)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static void require(int status, String call) throws LibraryException {
    if (status != 0) {
      throw new LibraryException(call + " failed with error " + status + "; check nvidia-smi");
    }
  }
}
