package dev.flopmeter.run.cudnn.driver;

import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.TemporaryFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import jcuda.driver.JCudaDriver;
import jcuda.jcudnn.JCudnn;

/**
 * Loads the natives of JCuda and JCudnn, once in a process, after checking the libraries that they
 * bind: with a missing or unsuitable library, the first call would end the process.
 */
public final class Natives {
  private static final String TEMPORARY = "java.io.tmpdir";

  private static boolean loaded;

  private Natives() {}

  /**
   * Loads JCuda and JCudnn, and the driver and cuDNN that they bind.
   *
   * @throws BackendException if they cannot be unpacked or loaded
   */
  public static synchronized void load() {
    if (loaded) {
      return;
    }
    // JCuda unpacks under fixed names into the temporary directory and uses existing files: a
    // separate directory avoids files of other users and versions. Once mapped they can be deleted.
    String temporary = System.getProperty(TEMPORARY);
    try (TemporaryFolder own = TemporaryFolder.in(Path.of(temporary))) {
      System.setProperty(TEMPORARY, own.path().toString());
      JCudaDriver.setExceptionsEnabled(false);
      JCudnn.setExceptionsEnabled(false);
      loaded = true;
    } catch (IOException | UncheckedIOException e) {
      throw new BackendException(
          "cannot unpack JCuda's natives into " + temporary + ": " + e.getMessage(), e);
    } catch (LinkageError e) {
      throw new BackendException(
          "JCuda's natives cannot be loaded: " + e.getMessage() + "; see flopmeter doctor", e);
    } finally {
      System.setProperty(TEMPORARY, temporary);
    }
  }
}
