package dev.flopmeter.model.onnx;

import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.UnavailableTensor;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Tensors stored in separate files. A model is untrusted input and must not name other files: a
 * location is relative, stays below the model's folder as written, and once symbolic links are
 * followed the file lies in the folder of the model or in the folder that the model itself is a
 * link into. So a cache that links a model and its weights into one folder of blobs, as Hugging
 * Face's does, is read, and an archive cannot link its weights to files outside of it.
 *
 * @param model the model's file; null where the model is not a file
 */
record ExternalData(@Nullable Path model) {

  /**
   * The tensor that these entries describe, mapped. It is unavailable if its file is missing or it
   * takes more than 2^31-1 bytes.
   *
   * @throws ModelException if the file is outside the folder or too short
   */
  Tensor read(Map<String, String> entries, TensorType type) {
    String location = entries.getOrDefault("location", "");
    long offset = number(entries, "offset", 0);
    long length = number(entries, "length", type.bytes());
    if (length != type.bytes()) {
      throw new ModelException(
          "it is a %s of %s bytes, but its external data has %s"
              .formatted(type, type.bytes(), length));
    }
    Path file = resolve(location);
    if (file == null) {
      return new UnavailableTensor(
          type, location, "the external data '" + location + "' does not exist");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (offset > channel.size() - length) {
        throw new ModelException(
            "the external data '%s' has %s bytes; %s from byte %s on are needed"
                .formatted(location, channel.size(), length, offset));
      }
      if (length > Integer.MAX_VALUE) {
        return new UnavailableTensor(
            type,
            "",
            "a tensor " + type + " takes " + length + " bytes; at most 2^31-1 can be run");
      }
      return DenseTensor.of(type, channel.map(FileChannel.MapMode.READ_ONLY, offset, length));
    } catch (IOException e) {
      throw unreadable(location, e);
    }
  }

  /** The file itself, with all links followed; null if it does not exist. */
  private @Nullable Path resolve(String location) {
    if (model == null) {
      throw new ModelException("external data requires the model to be a file");
    }
    if (location.isEmpty()) {
      throw new ModelException("its external data has no location");
    }
    try {
      Path relative = Path.of(location);
      Path given = Objects.requireNonNull(model.toAbsolutePath().getParent()).toRealPath();
      Path linked = Objects.requireNonNull(model.toRealPath().getParent());
      if (relative.isAbsolute() || !given.resolve(relative).normalize().startsWith(given)) {
        throw new ModelException(
            "the external data '" + location + "' is outside of the model's folder");
      }
      for (Path folder : List.of(given, linked)) {
        Path file = folder.resolve(relative).normalize();
        if (!Files.exists(file)) {
          continue;
        }
        Path real = file.toRealPath();
        if (!real.startsWith(given) && !real.startsWith(linked)) {
          throw new ModelException(
              "the external data '%s' is a link out of the model's folder; copy the file into the folder"
                  .formatted(location));
        }
        if (!Files.isRegularFile(real)) {
          throw new ModelException("the external data '" + location + "' is not a regular file");
        }
        return real;
      }
      return null;
    } catch (IOException | InvalidPathException e) {
      throw unreadable(location, e);
    }
  }

  private static ModelException unreadable(String location, Exception cause) {
    return new ModelException(
        "the external data '" + location + "' cannot be read: " + IoReason.of(cause), cause);
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
      // falls through to the common message for all bad values
    }
    throw new ModelException(
        "its external data has the " + key + " '" + text + "', which is not a size");
  }
}
