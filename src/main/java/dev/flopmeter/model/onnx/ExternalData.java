package dev.flopmeter.model.onnx;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tensors kept in files beside the model. Such a file must lie inside the model's own folder, also
 * after symbolic links are followed: a model is untrusted input and must not name other files.
 */
final class ExternalData {
  private final @Nullable Path folder;

  /**
   * @param folder the model's folder; null where the model is not a file
   */
  ExternalData(@Nullable Path folder) {
    this.folder = folder;
  }

  /**
   * The tensor's bytes, mapped.
   *
   * @throws ModelException if the file is missing, outside of the folder or too short
   */
  ByteBuffer read(Map<String, String> entries, TensorType type) {
    String location = entries.getOrDefault("location", "");
    Path file = resolve(location);
    long offset = number(entries, "offset", 0);
    long length = number(entries, "length", type.bytes());
    if (length != type.bytes()) {
      throw new ModelException(
          "it is a "
              + type
              + " of "
              + type.bytes()
              + " bytes, but its external data has "
              + length);
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (offset > channel.size() - length) {
        throw new ModelException(
            "the external data '"
                + location
                + "' has "
                + channel.size()
                + " bytes; "
                + length
                + " from byte "
                + offset
                + " on are needed");
      }
      if (length > Integer.MAX_VALUE) {
        throw new ModelException("tensors of more than 2^31-1 bytes are not supported");
      }
      return channel.map(FileChannel.MapMode.READ_ONLY, offset, length);
    } catch (IOException e) {
      throw new ModelException(
          "the external data '" + location + "' cannot be read: " + e.getMessage(), e);
    }
  }

  private Path resolve(String location) {
    if (folder == null) {
      throw new ModelException("external data needs the model to be a file");
    }
    if (location.isEmpty()) {
      throw new ModelException("its external data has no location");
    }
    try {
      Path relative = Path.of(location);
      Path inside = folder.toRealPath();
      Path file = inside.resolve(relative).normalize();
      if (relative.isAbsolute() || !file.startsWith(inside)) {
        throw new ModelException(
            "the external data '" + location + "' lies outside of the model's folder");
      }
      if (!Files.isRegularFile(file)) {
        throw new ModelException(
            "the external data '" + location + "' is not there, beside the model");
      }
      if (!file.toRealPath().startsWith(inside)) {
        throw new ModelException(
            "the external data '" + location + "' is a link out of the model's folder");
      }
      return file.toRealPath();
    } catch (IOException | InvalidPathException e) {
      throw new ModelException(
          "the external data '" + location + "' cannot be read: " + e.getMessage(), e);
    }
  }

  private static long number(Map<String, String> entries, String key, long absent) {
    String text = entries.get(key);
    if (text == null) {
      return absent;
    }
    try {
      long value = Long.parseLong(text);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException ignored) {
      // falls through to the one message for all bad values
    }
    throw new ModelException(
        "its external data has the " + key + " '" + text + "', which is no size");
  }
}
