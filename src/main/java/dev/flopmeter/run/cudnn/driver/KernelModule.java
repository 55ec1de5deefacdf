package dev.flopmeter.run.cudnn.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** Our own kernels: PTX text from the jar, compiled by the driver for the device at hand. */
final class KernelModule implements AutoCloseable {
  private static final String RESOURCE = "/dev/flopmeter/run/cudnn/kernels.ptx";

  private final CUmodule module = new CUmodule();
  private final Map<String, CUfunction> functions = new HashMap<>();

  KernelModule() {
    Status.cuda(JCudaDriver.cuModuleLoadData(module, text()), "cuModuleLoadData");
  }

  private static byte[] text() {
    try (InputStream in = KernelModule.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + RESOURCE + " is missing from the jar");
      }
      byte[] text = in.readAllBytes();
      // The driver reads to a zero byte.
      return java.util.Arrays.copyOf(text, text.length + 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  CUfunction function(String name) {
    return functions.computeIfAbsent(
        name,
        wanted -> {
          CUfunction function = new CUfunction();
          Status.cuda(
              JCudaDriver.cuModuleGetFunction(function, module, wanted),
              "cuModuleGetFunction(" + wanted + ")");
          return function;
        });
  }

  @Override
  public void close() {
    Status.freedCuda(JCudaDriver.cuModuleUnload(module), "cuModuleUnload");
  }
}
