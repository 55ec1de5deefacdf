package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.cudnn.plan.Arguments;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code Resize} and {@code Upsample}: interpolation along up to three axes at once. */
final class Resizing {
  private static final int AXES = 3;

  private Resizing() {}

  static void addTo(Map<String, Operators.Operator> operators) {
    operators.put("Resize", Resizing::resize);
    operators.put("Upsample", Resizing::resize);
  }

  private static void resize(NodePlan node) {
    TensorView x = node.plain(0);
    TensorView y = node.out(0);
    int rank = x.rank();
    boolean isUpsample = node.node().op().equals("Upsample") || node.node().opset() < 11;
    Attributes attributes =
        isUpsample
            ? node.attributes()
                .with("coordinate_transformation_mode", "asymmetric")
                .with("nearest_mode", "floor")
                .with(
                    "mode",
                    node.attributes().text("mode", "nearest").equals("nearest")
                        ? "nearest"
                        : "linear")
            : node.attributes();
    double[] scales = scales(node, x.shape(), y.shape(), isUpsample);
    double[] regions = regions(node, x.shape());
    // Axes in front that stay as they are need no taps; the last three may change.
    int still = 0;
    while (still < rank && x.dim(still) == y.dim(still) && scales[still] == 1) {
      still++;
    }
    if (rank - still > AXES) {
      throw node.unsupported("resizing more than the last three axes");
    }
    int first = Math.max(0, rank - AXES);
    List<TensorView> reads = new ArrayList<>(List.of(x));
    int[] in = new int[AXES];
    int[] out = new int[AXES];
    int[] taps = new int[AXES];
    TensorView[] index = new TensorView[AXES];
    TensorView[] weight = new TensorView[AXES];
    for (int i = 0; i < AXES; i++) {
      int axis = first + i - (AXES - (rank - first));
      ResizeTaps table;
      if (axis < first) {
        table = ResizeTaps.identity(1);
        in[i] = 1;
        out[i] = 1;
      } else {
        in[i] = Math.toIntExact(x.dim(axis));
        out[i] = Math.toIntExact(y.dim(axis));
        table =
            axis < still
                ? ResizeTaps.identity(in[i])
                : ResizeTaps.of(
                    attributes, in[i], out[i], scales[axis], regions[axis], regions[rank + axis]);
      }
      taps[i] = table.taps();
      index[i] =
          node.constant(
              "index" + i,
              Shape.of(table.index().length),
              ElementType.I64,
              to -> Arrays.stream(table.index()).forEach(to::accept));
      weight[i] =
          node.constant(
              "weight" + i,
              Shape.of(table.weight().length),
              ElementType.F32,
              to -> Arrays.stream(table.weight()).forEach(to));
      reads.add(index[i]);
      reads.add(weight[i]);
    }
    Arguments arguments = new Arguments().pointer(x).pointer(y);
    Arrays.stream(index).forEach(arguments::pointer);
    Arrays.stream(weight).forEach(arguments::pointer);
    node.emit(
        reads,
        List.of(y),
        KernelWork.perElement(
            "resize",
            y.elements(),
            arguments
                .number(y.elements())
                .integers(in)
                .integers(out)
                .integers(taps)
                .integer(x.storage().code())
                .real(node.attributes().number("extrapolation_value", 0))
                .integer(0)));
  }

  private static double[] scales(NodePlan node, Shape in, Shape out, boolean isUpsample) {
    int rank = in.rank();
    double[] scales = new double[rank];
    Arrays.setAll(scales, i -> (double) out.dim(i) / in.dim(i));
    int[] axes = axes(node, rank);
    int input = isUpsample ? 1 : 2;
    Optional<Tensor> given =
        node.has(input) && node.shape(input).elements() > 0
            ? Optional.of(node.operands().requireValue(input))
            : Optional.empty();
    if (given.isPresent()) {
      for (int i = 0; i < axes.length; i++) {
        scales[axes[i]] = given.get().doubleAt(i);
      }
    } else if (isUpsample && node.attributes().has("scales")) {
      float[] values = node.attributes().numbers("scales").orElseThrow();
      Arrays.setAll(scales, i -> values[i]);
    } else {
      keepAspect(node, in, axes, scales);
    }
    return scales;
  }

  /** With sizes and a policy, one scale serves all axes, and the size is rounded from it. */
  private static void keepAspect(NodePlan node, Shape in, int[] axes, double[] scales) {
    String policy = node.attributes().text("keep_aspect_ratio_policy", "stretch");
    Optional<Tensor> sizes = node.operands().value(3);
    if (policy.equals("stretch") || sizes.isEmpty()) {
      return;
    }
    double chosen = policy.equals("not_larger") ? Double.POSITIVE_INFINITY : 0;
    for (int i = 0; i < axes.length; i++) {
      double scale = sizes.get().doubleAt(i) / in.dim(axes[i]);
      chosen = policy.equals("not_larger") ? Math.min(chosen, scale) : Math.max(chosen, scale);
    }
    for (int axis : axes) {
      scales[axis] = chosen;
    }
  }

  private static int[] axes(NodePlan node, int rank) {
    long[] all = new long[rank];
    Arrays.setAll(all, i -> i);
    return Arrays.stream(node.attributes().integers("axes", all))
        .mapToInt(axis -> (int) (axis < 0 ? axis + rank : axis))
        .toArray();
  }

  /** Starts of all axes, then ends, as fractions of the input. */
  private static double[] regions(NodePlan node, Shape in) {
    int rank = in.rank();
    double[] regions = new double[2 * rank];
    Arrays.fill(regions, rank, 2 * rank, 1);
    boolean isCropped =
        node.attributes().text("coordinate_transformation_mode", "").equals("tf_crop_and_resize");
    Optional<Tensor> given =
        isCropped && node.has(1) ? Optional.of(node.operands().requireValue(1)) : Optional.empty();
    if (given.isPresent() && given.get().elements() > 0) {
      int[] axes = axes(node, rank);
      for (int i = 0; i < axes.length; i++) {
        regions[axes[i]] = given.get().doubleAt(i);
        regions[rank + axes[i]] = given.get().doubleAt(axes.length + i);
      }
    }
    return regions;
  }
}
