package dev.flopmeter.run.djl;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.Utils;
import dev.flopmeter.device.CacheFolder;
import dev.flopmeter.run.BackendException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * Starts PyTorch in this process, only from the natives on the class path: by default DJL would
 * look for downloads and send usage statistics.
 */
final class TorchEngine {
  private static final String NAME = "PyTorch";

  /** A little more than PyTorch 2.7.1's libraries for CPUs, 432 MB. */
  private static final long UNPACKED_BYTES = 440L << 20;

  private TorchEngine() {}

  /**
   * A new root of PyTorch's memory.
   *
   * @throws BackendException if the natives are missing, cannot be unpacked or do not load
   */
  static PtNDManager start() {
    Properties properties = System.getProperties();
    properties.putIfAbsent("ai.djl.offline", "true");
    properties.putIfAbsent("OPT_OUT_TRACKING", "true");
    try {
      if (System.getenv("DJL_CACHE_DIR") == null) {
        properties.putIfAbsent("DJL_CACHE_DIR", CacheFolder.ofUser().resolve("djl").toString());
      }
      requireSpace(Utils.getEngineCacheDir());
      Engine engine = Engine.getEngine(NAME);
      JniUtils.setGradMode(false);
      return (PtNDManager) engine.newBaseManager();
    } catch (IOException e) {
      throw new BackendException(
          ("PyTorch's libraries cannot be unpacked: %s; set XDG_CACHE_HOME or DJL_CACHE_DIR"
                  + " to a folder that can be written and has %s MB free")
              .formatted(e.getMessage(), (UNPACKED_BYTES >> 20)),
          e);
    } catch (EngineException | IllegalArgumentException | LinkageError e) {
      throw new BackendException(
          "PyTorch cannot be loaded: "
              + TorchScriptModule.oneLine(e.getCause() == null ? e : e.getCause())
              + "; the natives ai.djl.pytorch:pytorch-native-cpu and pytorch-jni for this platform"
              + " must be on the class path, and DJL_CACHE_DIR must be writable",
          e);
    }
  }

  /**
   * Checks that DJL can unpack its libraries, because its own message about a folder that it cannot
   * write is hard to understand.
   *
   * @param cache DJL's folder for all engines
   * @throws IOException if they are not unpacked yet and the folder cannot take them
   */
  static void requireSpace(Path cache) throws IOException {
    if (isUnpacked(cache.resolve("pytorch"))) {
      return;
    }
    try {
      Files.createDirectories(cache);
    } catch (IOException e) {
      throw new IOException("the folder " + cache + " cannot be made", e);
    }
    if (!Files.isWritable(cache)) {
      throw new IOException("the folder " + cache + " cannot be written");
    }
    long free = Files.getFileStore(cache).getUsableSpace();
    if (free < UNPACKED_BYTES) {
      throw new IOException("the folder %s has only %s MB free".formatted(cache, (free >> 20)));
    }
  }

  private static boolean isUnpacked(Path folder) throws IOException {
    if (!Files.isReadable(folder)) {
      return false;
    }
    try (Stream<Path> versions = Files.list(folder)) {
      return versions.anyMatch(version -> Files.exists(version.resolve("libtorch_cpu.so")));
    }
  }

  static String version() {
    return Engine.getEngine(NAME).getVersion();
  }
}
