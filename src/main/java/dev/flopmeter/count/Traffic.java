package dev.flopmeter.count;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.GraphLinks;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.InputRoles;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.OperatorTrait;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.math.BigInteger;
import java.util.HashSet;
import java.util.Set;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes that an operator cannot avoid moving: each distinct input and weight once, each output
 * once. A view moves nothing; operators that select read only the selected elements and the
 * indices; operators that query a shape read nothing; a mixture of experts reads one expert per
 * choice. Quantised values are read as stored: DequantizeLinear moves nothing if others read its
 * result, and these read its input.
 */
public final class Traffic {
  private Traffic() {}

  /** A node of {@code scope}'s graph with its operands as they are stored. */
  public static Operands stored(GraphScope scope, GraphLinks links, Node node) {
    return new Operands(node, new Stored(scope, links, node));
  }

  private record Stored(GraphScope scope, GraphLinks links, Node node) implements Operands.Values {
    @Override
    public @Nullable TensorType type(String value) {
      TensorType type = scope.type(value);
      Node writer = links.writer(value);
      TensorType narrow =
          type != null && writer != null && isWidening(links, writer)
              ? scope.type(writer.inputs().get(0))
              : null;
      return type == null || narrow == null || isWidening(links, node)
          ? type
          : type.withType(narrow.type());
    }

    @Override
    public @Nullable Tensor constant(String value) {
      return scope.constant(value);
    }
  }

  /** Whether a node only converts quantised values to floats for other nodes. */
  public static boolean isWidening(GraphLinks links, Node node) {
    return node.op().equals("DequantizeLinear") && !links.isReturned(node.outputs().get(0));
  }

  /** Bytes read; {@code sink} gets the part of each tensor. */
  public static long read(Operands in, ObjLongConsumer<DataType> sink) {
    Node node = in.node();
    if (OperatorTrait.VIEW.of(node) || OperatorTrait.SHAPE_QUERY.of(node)) {
      return 0;
    }
    long total = 0;
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < in.inputCount(); i++) {
      TensorType type = in.knownType(i).orElse(null);
      if (type != null && seen.add(node.inputs().get(i))) {
        total = Sizes.add(total, taken(type, part(in, i, type), sink));
      }
    }
    return total;
  }

  /** Bytes written; {@code sink} gets the part of each tensor. */
  public static long written(Operands in, ObjLongConsumer<DataType> sink) {
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
   * The bytes read of input {@code i}: for a table, in proportion to the output; for expert
   * weights, as many experts as there are choices.
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

  private static long taken(TensorType type, long bytes, ObjLongConsumer<DataType> sink) {
    sink.accept(type.type(), bytes);
    return bytes;
  }
}
