package dev.flopmeter.count;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.HashSet;
import java.util.Set;

/**
 * The bytes that an operator cannot avoid moving: each distinct input and weight once, each output
 * once. A view moves nothing; operators that pick read what they pick, and their indices; operators
 * that ask for a shape read nothing.
 */
public final class Traffic {
  private Traffic() {}

  /** Takes the bytes of one tensor read or written. */
  public interface Sink {
    void bytes(DataType type, long bytes);
  }

  /** Bytes read, after each tensor's part went to {@code sink}. */
  public static long read(Operands in, Sink sink) {
    Node node = in.node();
    if (OperatorTrait.VIEW.of(node) || OperatorTrait.SHAPE_QUERY.of(node)) {
      return 0;
    }
    boolean picks = OperatorTrait.PICKING.of(node);
    long total = 0;
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < in.inputCount(); i++) {
      TensorType type = in.knownType(i).orElse(null);
      if (type == null || !seen.add(node.inputs().get(i))) {
        continue;
      }
      if (picks && i == 0) {
        TensorType picked = in.knownOutput(0).orElse(type);
        type = picked.elements() < type.elements() ? picked : type;
      }
      total = Sizes.add(total, taken(type, sink));
    }
    return total;
  }

  /** Bytes written, after each tensor's part went to {@code sink}. */
  public static long written(Operands in, Sink sink) {
    if (OperatorTrait.VIEW.of(in.node())) {
      return 0;
    }
    long total = 0;
    for (int i = 0; i < in.outputCount(); i++) {
      TensorType type = in.knownOutput(i).orElse(null);
      if (type != null) {
        total = Sizes.add(total, taken(type, sink));
      }
    }
    return total;
  }

  private static long taken(TensorType type, Sink sink) {
    long bytes = type.bytes();
    sink.bytes(type.type(), bytes);
    return bytes;
  }
}
