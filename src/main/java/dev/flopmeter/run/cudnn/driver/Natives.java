package dev.flopmeter.run.cudnn.driver;

import dev.flopmeter.device.CudaLibraries;
import dev.flopmeter.run.BackendException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jcuda.driver.JCudaDriver;
import jcuda.jcudnn.JCudnn;

/**
 * Loads the natives of JCuda and JCudnn, once in a process, after the libraries that they bind were
 * found good: a binding against a missing or unfit library ends the process at its first call.
 */
public final class Natives {
  private static final String TEMPORARY = "java.io.tmpdir";

  private static boolean loaded;

  private Natives() {}

  /**
   * Loads JCuda and JCudnn, and the driver and cuDNN that they bind.
   *
   * @throws BackendException if the driver or cuDNN cannot be used, with what to do about it
   */
  public static synchronized void load(CudaLibraries libraries) {
    if (loaded) {
      return;
    }
    List<String> problems = libraries.problems();
    if (!problems.isEmpty()) {
      throw new BackendException(problems.get(0));
    }
    // JCuda unpacks under fixed names into the temporary directory and takes what is there: a
    // directory of our own keeps other users' and versions' files out. Once mapped they can go.
    String temporary = System.getProperty(TEMPORARY);
    Path own = null;
    try {
      own = Files.createTempDirectory("flopmeter-natives");
      System.setProperty(TEMPORARY, own.toString());
      JCudaDriver.setExceptionsEnabled(false);
      JCudnn.setExceptionsEnabled(false);
      loaded = true;
    } catch (IOException e) {
      throw new BackendException(
          "cannot unpack JCuda's natives into " + temporary + ": " + e.getMessage(), e);
    } catch (UnsatisfiedLinkError | ExceptionInInitializerError e) {
      throw new BackendException(
          "JCuda's natives cannot be loaded: " + e.getMessage() + "; see flopmeter doctor", e);
    } finally {
      System.setProperty(TEMPORARY, temporary);
      delete(own);
    }
  }

  private static void delete(@org.jspecify.annotations.Nullable Path directory) {
    if (directory == null) {
      return;
    }
    try (java.util.stream.Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new BackendException("cannot delete " + directory + ": " + e.getMessage(), e);
    }
  }
}
