package dev.flopmeter.model.djl;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.ValueInfo;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The head of a file in which DJL saved a block's parameters: {@code DJL@}, a version, the model's
 * name, its element type, the number of inputs and the name and shape of each. The parameters that
 * follow are not read.
 */
record ParameterFile(String name, List<ValueInfo> inputs) {
  private static final int MOST_INPUTS = 1_000;

  static ParameterFile read(Path file) {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      byte[] magic = in.readNBytes(4);
      if (!new String(magic, StandardCharsets.US_ASCII).equals("DJL@")) {
        throw new ModelException(
            file + " is not a file of DJL parameters (it does not start with DJL@)");
      }
      int version = in.readInt();
      if (version != 1) {
        throw new ModelException(
            file + " has version " + version + "; only version 1 is supported");
      }
      String name = in.readUTF();
      DataType type = DataType.valueOf(in.readUTF());
      int count = in.readInt();
      if (count < 0 || count > MOST_INPUTS) {
        throw new ModelException(
            file + " declares " + count + " inputs; the limit is " + MOST_INPUTS);
      }
      List<ValueInfo> inputs = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        inputs.add(input(in.readUTF(), type, Shape.decode(in)));
      }
      return new ParameterFile(name, List.copyOf(inputs));
    } catch (IOException | IllegalArgumentException e) {
      throw new ModelException(file + " cannot be read as DJL parameters: " + e.getMessage(), e);
    }
  }

  /** The batch of the training is replaced by 1, the default. */
  private static ValueInfo input(String name, DataType type, Shape shape) {
    List<Dim> dims = new ArrayList<>();
    for (int axis = 0; axis < shape.dimension(); axis++) {
      dims.add(Dim.of(axis == 0 ? 1 : shape.get(axis)));
    }
    return new ValueInfo(name, DjlTypes.type(type), dims);
  }
}
