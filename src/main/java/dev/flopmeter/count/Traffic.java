package dev.flopmeter.count;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.InputRoles;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.math.BigInteger;
import java.util.HashSet;
import java.util.Set;

/**
 * The bytes that an operator cannot avoid moving: each distinct input and weight once, each output
 * once. A view moves nothing; operators that pick read what they pick, and their indices; operators
 * that ask for a shape read nothing; a mixture of experts reads one expert for each choice of one.
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
    long total = 0;
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < in.inputCount(); i++) {
      TensorType type = in.knownType(i).orElse(null);
      if (type == null || !seen.add(node.inputs().get(i))) {
        continue;
      }
      total = Sizes.add(total, taken(type, part(in, i, type), sink));
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
        total = Sizes.add(total, taken(type, type.bytes(), sink));
      }
    }
    return total;
  }

  /**
   * The bytes of what is read of input {@code i}: of a table as large a part as the output is of
   * all values, of weights those of as many experts as there are choices.
   */
  private static long part(Operands in, int i, TensorType type) {
    long all = 1;
    long picked = 1;
    if (OperatorTrait.PICKING.of(in.node()) && InputRoles.isPicked(in.node(), i)) {
      all = in.knownType(0).isPresent() ? InputRoles.values(in, 0) : 0;
      picked = in.knownOutput(0).map(TensorType::elements).orElse(all);
    } else if (OperatorTrait.ROUTED.of(in.node()) && i > 1 && type.shape().rank() > 1) {
      all = type.shape().dim(0);
      picked = Sizes.multiply(in.shape(1).dim(0), in.attributes().integer("k", 1));
    }
    return picked >= all
        ? type.bytes()
        : type.type()
            .bytes(
                BigInteger.valueOf(type.elements())
                    .multiply(BigInteger.valueOf(picked))
                    .divide(BigInteger.valueOf(all))
                    .longValueExact());
  }

  private static long taken(TensorType type, long bytes, Sink sink) {
    sink.bytes(type.type(), bytes);
    return bytes;
  }
}
