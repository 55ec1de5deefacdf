package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.list;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.number;
import static dev.flopmeter.run.djl.kernel.Expression.parts;
import static dev.flopmeter.run.djl.kernel.Expression.script;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import java.util.List;
import java.util.Map;

/** Operators of object detectors: sampling at computed positions, regions, box selection. */
final class RegionKernels {
  private RegionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("AffineGrid", RegionKernels::affineGrid);
    rules.put("RoiAlign", RoiAlignKernel::of);
    rules.put("DeformConv", RegionKernels::deformConv);
    rules.put("NonMaxSuppression", RegionKernels::nonMaxSuppression);
  }

  private static Kernel affineGrid(Operands in) {
    return Kernel.of(
        call(
            "affine_grid_generator",
            input(0),
            in.requireLongs(1),
            in.attributes().flag("align_corners", false)));
  }

  /** The input sampled at every (shifted) position of the kernel, then one grouped product. */
  private static Kernel deformConv(Operands in) {
    Shape shape = in.shape(0);
    if (shape.rank() != 4) {
      throw Kernels.unsupported(in, "an input of rank " + shape.rank());
    }
    Shape weight = in.shape(1);
    Window window = WindowKernels.window(in);
    long shared = in.attributes().integer("offset_group", 1);
    long group = in.attributes().integer("group", 1);
    long batch = shape.dim(0);
    long places = weight.dim(2) * weight.dim(3);
    Shape out = in.output(0).shape();
    long rows = out.dim(2);
    long columns = out.dim(3);
    Expression moves = input(2).reshaped(batch * shared, places, 2, rows, columns);
    Expression grid =
        call(
                "stack",
                list(
                    coordinate(moves, window, weight, out, 1, shape.dim(3)),
                    coordinate(moves, window, weight, out, 0, shape.dim(2))),
                -1)
            .reshaped(batch * shared, places * rows, columns, 2);
    Expression images =
        input(0).reshaped(batch * shared, shape.dim(1) / shared, shape.dim(2), shape.dim(3));
    Expression samples =
        call("grid_sampler_2d", images, grid, 0, 0, false)
            .reshaped(batch, shared, shape.dim(1) / shared, places, rows, columns);
    if (in.has(4)) {
      Expression mask = input(4).reshaped(batch, shared, 1, places, rows, columns);
      samples = samples.times(mask);
    }
    Expression product =
        input(1)
            .reshaped(group, weight.dim(0) / group, -1)
            .product(samples.reshaped(batch, group, shape.dim(1) / group * places, rows * columns));
    Expression y = product.reshaped(out.dims());
    return Kernel.of(in.has(3) ? y.plus(input(3).alongAxis(3, 0)) : y)
        .reportedAs("grid_sampler_2d");
  }

  /** The coordinate at which each position of the kernel reads along one axis, from -1 to 1. */
  private static Expression coordinate(
      Expression moves, Window window, Shape weight, Shape out, int axis, long size) {
    long other = weight.dim(3 - axis);
    Expression steps = steps(weight.dim(axis + 2)).times(window.dilation()[axis]);
    Expression place =
        axis == 0
            ? call("repeat_interleave", steps, other)
            : call("repeat", steps, new long[] {other});
    Expression start =
        steps(out.dim(axis + 2)).times(window.stride()[axis]).minus(window.padBegin()[axis]);
    Expression unmoved = place.alongAxis(3, 0).plus(start.alongAxis(3, axis + 1));
    Expression pixel = moves.select(2, axis).plus(unmoved);
    return pixel.times(2).plus(1).over(size).minus(1);
  }

  private static Expression steps(long count) {
    return call("arange", count, dtype(ScalarTypes.FLOAT));
  }

  /**
   * For each image and class: the best box left, until those it overlaps too much are gone. Of
   * {@code low} and {@code high}, the corners, each is images x boxes x 2.
   */
  private static final String SUPPRESSION =
      """
      found = annotate(List[Tensor], [torch.zeros([0, 3], dtype=4)])
      area = torch.prod(torch.sub(high, low), 2)
      for b in range(torch.size(scores, 0)):
        lows = torch.select(low, 0, b)
        highs = torch.select(high, 0, b)
        areas = torch.select(area, 0, b)
        for c in range(torch.size(scores, 1)):
          score = torch.select(torch.select(scores, 0, b), 0, c)
          left = torch.gt(score, least)
          for k in range(limit):
            if bool(torch.any(left)):
              i = int(torch.argmax(torch.masked_fill(score, torch.logical_not(left), (-inf))))
              found = torch.add(found, [torch.tensor([[b, c, i]], dtype=4)])
              begin = torch.maximum(lows, torch.select(lows, 0, i))
              end = torch.minimum(highs, torch.select(highs, 0, i))
              common = torch.prod(torch.clamp_min(torch.sub(end, begin), 0), 1)
              union = torch.sub(torch.add(areas, torch.select(areas, 0, i)), common)
              over = torch.gt(torch.div(common, union), threshold)
              left = torch.logical_and(left, torch.logical_not(over))
              left = torch.index_fill(left, 0, torch.tensor([i]), False)
      result = torch.cat(found)
      """;

  private static Kernel nonMaxSuppression(Operands in) {
    List<Expression> halves = parts(2, call("split_with_sizes", input(0), new long[] {2, 2}, 2));
    Expression p = halves.get(0);
    Expression q = halves.get(1);
    boolean isCentred = in.attributes().integer("center_point_box", 0) != 0;
    Expression half = q.over(2);
    Expression limit = call("clamp", input(2).reshaped(-1), 0, call("size", input(0), 1));
    return Kernel.of(
            script(
                SUPPRESSION,
                named("low", isCentred ? p.minus(half) : call("minimum", p, q)),
                named("high", isCentred ? p.plus(half) : call("maximum", p, q)),
                named("scores", input(1)),
                named("limit", in.has(2) ? call("int", limit) : 0),
                named("threshold", in.has(3) ? input(3).reshaped(-1) : 0),
                named(
                    "least", in.has(4) ? input(4).reshaped(-1) : number(Double.NEGATIVE_INFINITY))))
        .reportedAs("argmax");
  }
}
