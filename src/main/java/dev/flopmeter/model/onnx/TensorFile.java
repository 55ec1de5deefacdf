package dev.flopmeter.model.onnx;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Single tensors stored as ONNX's {@code TensorProto}, as conformance cases have them. */
public final class TensorFile {
  private TensorFile() {}

  /**
   * Reads one tensor.
   *
   * @throws ModelException if the file is missing or holds no tensor; the message names it
   */
  public static Tensor read(Path file) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      return TensorParser.parse(new WireReader(bytes, ReadBudget.ofHeap()), new ExternalData(null))
          .tensor();
    } catch (ModelException e) {
      throw e.at(file.toString());
    } catch (IOException e) {
      throw new ModelException(file + ": cannot be read: " + IoReason.of(e), e);
    }
  }
}
