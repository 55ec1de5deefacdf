package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** Operators that keep the elements and change how they are laid out. */
final class LayoutKernels {
  private LayoutKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    for (String op : List.of("Reshape", "Flatten", "Squeeze", "Unsqueeze")) {
      rules.put(op, in -> Kernel.of(reshaped("x0", in.output(0).shape().dims())));
    }
    rules.put("Shape", LayoutKernels::shape);
    rules.put(
        "Size", in -> Kernel.of("c0").bringing(List.of(Tensor.ofLong(in.shape(0).elements()))));
    rules.put("Transpose", LayoutKernels::transpose);
    rules.put(
        "Expand", in -> Kernel.of("torch.expand(x0, " + ints(in.output(0).shape().dims()) + ")"));
    rules.put("Tile", LayoutKernels::tile);
    rules.put("DepthToSpace", LayoutKernels::depthToSpace);
    rules.put("SpaceToDepth", LayoutKernels::spaceToDepth);
    rules.put("Concat", LayoutKernels::concat);
    rules.put("Split", LayoutKernels::split);
    rules.put("CenterCropPad", LayoutKernels::centerCropPad);
    rules.put("ReverseSequence", LayoutKernels::reverseSequence);
  }

  /** Only met where the shape is not known before the run; then it is looked at anew. */
  private static Kernel shape(Operands in) {
    Shape shape = in.shape(0);
    int from = bounded(in.attributes().integer("start", 0), shape.rank());
    int to = bounded(in.attributes().integer("end", shape.rank()), shape.rank());
    return Kernel.of("c0")
        .bringing(List.of(Tensor.ofLongs(shape.slice(from, Math.max(from, to)).dims())));
  }

  private static int bounded(long axis, int rank) {
    return (int) Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }

  static String reshaped(String value, long... dims) {
    return "torch.reshape(" + value + ", " + ints(dims) + ")";
  }

  private static Kernel transpose(Operands in) {
    int rank = in.shape(0).rank();
    long[] order =
        in.attributes()
            .integers("perm")
            .orElseGet(() -> LongStream.range(0, rank).map(i -> rank - 1 - i).toArray());
    return Kernel.of("torch.permute(x0, " + ints(order) + ")");
  }

  private static Kernel tile(Operands in) {
    Shape from = in.shape(0);
    long[] repeats = new long[from.rank()];
    if (in.opset() < 6) {
      java.util.Arrays.fill(repeats, 1);
      repeats[from.axis(in.requireValue(2).longAt(0))] = in.requireValue(1).longAt(0);
    } else {
      repeats = in.requireValue(1).toLongs();
    }
    return Kernel.of("torch.repeat(x0, " + ints(repeats) + ")");
  }

  private static Kernel depthToSpace(Operands in) {
    long[] d = in.shape(0).dims();
    long b = in.attributes().integer("blocksize");
    boolean columnsFirst = in.attributes().text("mode", "DCR").equals("CRD");
    String split =
        columnsFirst
            ? reshaped("x0", d[0], d[1] / (b * b), b, b, d[2], d[3])
            : reshaped("x0", d[0], b, b, d[1] / (b * b), d[2], d[3]);
    String order = columnsFirst ? ints(0, 1, 4, 2, 5, 3) : ints(0, 3, 4, 1, 5, 2);
    return Kernel.of(
        reshaped("torch.permute(" + split + ", " + order + ")", in.output(0).shape().dims()));
  }

  private static Kernel spaceToDepth(Operands in) {
    long[] d = in.shape(0).dims();
    long b = in.attributes().integer("blocksize");
    String split = reshaped("x0", d[0], d[1], d[2] / b, b, d[3] / b, b);
    boolean columnsFirst = in.attributes().text("mode", "DCR").equals("CRD");
    String order = columnsFirst ? ints(0, 1, 3, 5, 2, 4) : ints(0, 3, 5, 1, 2, 4);
    return Kernel.of(
        reshaped("torch.permute(" + split + ", " + order + ")", in.output(0).shape().dims()));
  }

  private static Kernel concat(Operands in) {
    long axis = in.attributes().integer("axis", 1);
    return Kernel.of("torch.cat(" + Text.inputs(0, in.inputCount()) + ", " + axis + ")");
  }

  private static Kernel split(Operands in) {
    int axis = in.shape(0).axis(in.attributes().integer("axis", 0));
    List<String> parts = new ArrayList<>();
    long start = 0;
    for (int i = 0; i < in.outputCount(); i++) {
      long size = in.output(i).shape().dim(axis);
      parts.add("torch.narrow(x0, " + axis + ", " + start + ", " + size + ")");
      start += size;
    }
    return Kernel.ofAll(parts);
  }

  /** Padding rounds down before, cropping too: negative padding is cropping. */
  private static Kernel centerCropPad(Operands in) {
    Shape from = in.shape(0);
    Shape to = in.output(0).shape();
    int rank = from.rank();
    long[] pads = new long[2 * rank];
    for (int axis = 0; axis < rank; axis++) {
      long more = to.dim(axis) - from.dim(axis);
      long before = more < 0 ? -(-more / 2) : more / 2;
      pads[2 * (rank - 1 - axis)] = before;
      pads[2 * (rank - 1 - axis) + 1] = more - before;
    }
    return Kernel.of("torch.constant_pad_nd(x0, " + ints(pads) + ", 0)");
  }

  /** Each batch is read backwards up to its own length, then on as it is. */
  private static Kernel reverseSequence(Operands in) {
    Shape shape = in.shape(0);
    int time = shape.axis(in.attributes().integer("time_axis", 0));
    int batch = shape.axis(in.attributes().integer("batch_axis", 1));
    String steps =
        "torch.reshape(t, " + NormKernels.alongAxis(shape.rank(), time, shape.dim(time)) + ")";
    String lengths =
        "torch.reshape(x1, " + NormKernels.alongAxis(shape.rank(), batch, shape.dim(batch)) + ")";
    return Kernel.statements(
        1,
        "t = torch.arange(" + shape.dim(time) + ")",
        "t = " + steps,
        "n = " + lengths,
        "i = torch.where(torch.lt(t, n), torch.sub(torch.sub(n, t), 1), t)",
        "return torch.gather(x0, " + time + ", torch.expand(i, " + ints(shape.dims()) + "))");
  }
}
