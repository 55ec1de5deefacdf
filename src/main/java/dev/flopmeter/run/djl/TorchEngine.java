package dev.flopmeter.run.djl;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import dev.flopmeter.run.BackendException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Starts PyTorch in this process, from the natives on the class path alone: DJL would otherwise
 * look for downloads and announce itself to its makers.
 */
final class TorchEngine {
  private static final String NAME = "PyTorch";

  private TorchEngine() {}

  /**
   * A new root of PyTorch's memory.
   *
   * @throws BackendException if the natives are missing or do not load
   */
  static PtNDManager start() {
    setUnlessGiven("ai.djl.offline", "true");
    setUnlessGiven("OPT_OUT_TRACKING", "true");
    if (System.getenv("DJL_CACHE_DIR") == null) {
      setUnlessGiven("DJL_CACHE_DIR", cache(System.getenv("XDG_CACHE_HOME")).toString());
    }
    try {
      Engine engine = Engine.getEngine(NAME);
      JniUtils.setGradMode(false);
      return (PtNDManager) engine.newBaseManager();
    } catch (EngineException | IllegalArgumentException | LinkageError e) {
      throw new BackendException(
          "PyTorch cannot be loaded: "
              + Messages.oneLine(e.getCause() == null ? e : e.getCause())
              + "; the natives ai.djl.pytorch:pytorch-native-cpu and pytorch-jni for this platform"
              + " must be on the class path, and DJL_CACHE_DIR must be writable",
          e);
    }
  }

  /** Where the natives are unpacked once: some 430 MB. */
  static Path cache(@Nullable String xdgCacheHome) {
    Path base =
        xdgCacheHome == null || xdgCacheHome.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(xdgCacheHome);
    return base.resolve("flopmeter").resolve("djl");
  }

  static String version() {
    return Engine.getEngine(NAME).getVersion();
  }

  private static void setUnlessGiven(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
