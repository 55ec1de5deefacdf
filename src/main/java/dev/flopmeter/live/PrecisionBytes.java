package dev.flopmeter.live;

import dev.flopmeter.count.BytesMoved;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.DataType;

/**
 * Bytes of a count at the precision of the service: a graph counted in float32 moves half of its
 * float bytes in fp16 or bf16.
 */
final class PrecisionBytes {
  private PrecisionBytes() {}

  /** Bytes of one stored float32 value of the graph in this precision. */
  private static double size(String precision) {
    return precision.equals("fp16") || precision.equals("bf16") ? 2 : 4;
  }

  /** Compulsory bytes of the whole count. */
  static double bytes(Counts counts, String precision) {
    BytesMoved floats = counts.bytesByType().getOrDefault(DataType.FLOAT, BytesMoved.NONE);
    double moved = (double) floats.read() + floats.written();
    double all = (double) counts.totals().bytesRead() + counts.totals().bytesWritten();
    return all - moved * (1 - size(precision) / 4);
  }

  /** Bytes of the weights, in the width of the first floating-point input. */
  static double weightBytes(Counts counts, String precision) {
    DataType type =
        counts.model().inputs().stream()
            .map(input -> input.type().type())
            .filter(DataType::isFloat)
            .findFirst()
            .orElse(DataType.FLOAT);
    double width = type == DataType.FLOAT ? size(precision) : type.bytes(1);
    return counts.totals().params() * width;
  }
}
