package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.dtype;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.list;
import static dev.flopmeter.run.djl.kernel.Expression.parts;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.List;

/**
 * RoiAlign: bilinear samples at even distances in each bin of a box, then their mean or maximum.
 *
 * <p>A bin's value is a weighted sum of pixels, and the weights are products of one factor a row
 * and one a column. With the image as a table of pixels, all channels of one beside each other,
 * PyTorch's {@code embedding_bag} gathers, weighs and adds them in one pass without storing what it
 * gathered; for a maximum it weighs each pixel alone. Where the number of samples depends on the
 * box, boxes of similar size share a chunk.
 */
final class RoiAlignKernel {
  /** Boxes at a time, where not all are alike or every pixel must be stored. */
  private static final int CHUNK = 16;

  private final Operands in;
  private final Shape image;
  private final Shape out;
  private final boolean isShifted;
  private final boolean isMean;
  private final long sampled;

  private RoiAlignKernel(Operands in) {
    this.in = in;
    this.image = in.shape(0);
    this.out = in.output(0).shape();
    this.isShifted =
        in.opset() >= 16
            && in.attributes()
                .text("coordinate_transformation_mode", "half_pixel")
                .equals("half_pixel");
    this.isMean = in.attributes().text("mode", "avg").equals("avg");
    this.sampled = in.attributes().integer("sampling_ratio", 0);
  }

  static Kernel of(Operands in) {
    return new RoiAlignKernel(in).kernel();
  }

  /**
   * One axis of boxes.
   *
   * @param start where the boxes start, in pixels: boxes x 1 x 1
   * @param bin the size of their bins
   * @param count the number of samples a bin
   */
  private record Axis(Expression start, Expression bin, Expression count, long bins, long size) {}

  /**
   * The pixels that a bin reads along one axis: boxes x bins x pixels each.
   *
   * @param places rows or columns of the image
   */
  private record Pixels(Expression places, Expression weights) {}

  private Kernel kernel() {
    if (out.dim(0) == 0) {
      return Kernel.of(call("zeros", out.dims(), dtype(ScalarTypes.FLOAT)));
    }
    Expression table = input(0).permuted(0, 2, 3, 1).reshaped(-1, image.dim(1));
    Expression scaled = input(1).times(in.attributes().number("spatial_scale", 1));
    Expression boxes = scaled.minus(isShifted ? 0.5 : 0.0);
    Expression images = input(2).to(ScalarTypes.INT64);
    boolean isUniform = isMean && sampled > 0;
    Expression pooled = isUniform ? pooled(table, boxes, images) : inChunks(table, boxes, images);
    Expression bins = pooled.reshaped(-1, out.dim(2), out.dim(3), image.dim(1));
    return Kernel.of(bins.permuted(0, 3, 1, 2)).reportedAs("embedding_bag");
  }

  /** Boxes with similar numbers of samples together. */
  private Expression inChunks(Expression table, Expression boxes, Expression images) {
    Expression samples = call("maximum", rows(boxes).count(), columns(boxes).count());
    Expression order = call("argsort", samples.reshaped(-1));
    Loop loop =
        new Loop(
            (out.dim(0) + CHUNK - 1) / CHUNK,
            List.of(),
            (number, none) -> {
              Expression first = number.times(CHUNK);
              Expression chosen = call("slice", order, 0, first, first.plus(CHUNK), 1);
              Expression some = call("index_select", boxes, 0, chosen);
              Expression bins = pooled(table, some, call("index_select", images, 0, chosen));
              Expression each = bins.reshaped(-1, out.dim(2) * out.dim(3), image.dim(1));
              return new Loop.Trip(List.of(), List.of(each));
            });
    return call("index_select", call("cat", loop.rows(0)), 0, call("argsort", order));
  }

  /** All bins of boxes: bins x channels. */
  private Expression pooled(Expression table, Expression boxes, Expression images) {
    Pixels rows = pixels(rows(boxes));
    Pixels columns = pixels(columns(boxes));
    Expression first = images.times(image.dim(2) * image.dim(3)).alongAxis(5, 0);
    Expression begin = first.plus(ofRows(rows.places().times(image.dim(3))));
    Expression pixels = byBin(begin.plus(ofColumns(columns.places())));
    Expression weights = byBin(ofRows(rows.weights()).times(ofColumns(columns.weights())));
    if (!isMean) {
      Expression all = pixels.reshaped(-1);
      Expression each = call("arange", call("size", all, 0));
      Expression values = sums(table, all, each, weights.reshaped(-1));
      return call("amax", call("unflatten", values, 0, call("size", pixels)), new long[] {1});
    }
    Expression reads = call("ne", weights, 0);
    Expression counts = call("sum", reads, new long[] {1});
    Expression starts = call("cumsum", counts, 0).minus(counts);
    return sums(
        table, call("masked_select", pixels, reads), starts, call("masked_select", weights, reads));
  }

  /** Weighted sums of rows of a table, one each from a position in {@code starts} to the next. */
  private static Expression sums(
      Expression table, Expression rows, Expression starts, Expression weights) {
    return parts(4, call("embedding_bag", table, rows, starts, false, 0, false, weights)).get(0);
  }

  /** boxes x bins x pixels as boxes x bins x 1 x pixels x 1. */
  private static Expression ofRows(Expression values) {
    return values.unsqueezed(2).unsqueezed(4);
  }

  /** boxes x bins x pixels as boxes x 1 x bins x 1 x pixels. */
  private static Expression ofColumns(Expression values) {
    return values.unsqueezed(1).unsqueezed(3);
  }

  /** One row a bin. */
  private static Expression byBin(Expression values) {
    return call("flatten", call("flatten", values, 0, 2), 1, 2);
  }

  private Axis rows(Expression boxes) {
    return axis(boxes, 1, out.dim(2), image.dim(2));
  }

  private Axis columns(Expression boxes) {
    return axis(boxes, 0, out.dim(3), image.dim(3));
  }

  /**
   * @param corner where a box holds its start
   */
  private Axis axis(Expression boxes, int corner, long bins, long size) {
    Expression start = boxes.select(1, corner).alongAxis(3, 0);
    Expression end = boxes.select(1, corner + 2).alongAxis(3, 0);
    Expression extent = end.minus(start);
    Expression bin = call("div", isShifted ? extent : call("clamp_min", extent, 1), bins);
    Expression count =
        sampled > 0 ? call("full_like", bin, sampled) : call("clamp_min", call("ceil", bin), 0);
    return new Axis(start, bin, count, bins, size);
  }

  private Pixels pixels(Axis axis) {
    Expression most = call("int", call("clamp_min", call("amax", axis.count()), 1));
    Expression sample = call("arange", most, dtype(ScalarTypes.FLOAT));
    Expression divisor = call("clamp_min", axis.count(), 1);
    // A box with fewer samples than others of its chunk repeats its last one.
    Expression own = call("minimum", sample, divisor.minus(1));
    Expression bin = call("arange", axis.bins(), dtype(ScalarTypes.FLOAT)).reshaped(-1, 1);
    Expression inBin = own.plus(0.5).times(axis.bin()).over(divisor);
    Expression at = axis.start().plus(bin.times(axis.bin())).plus(inBin);
    Expression isInside = call("logical_and", call("ge", at, -1), call("le", at, axis.size()));
    Expression counts =
        call("logical_and", isInside, call("lt", isMean ? sample : own, axis.count()));
    Expression place = call("clamp", at, 0, axis.size() - 1);
    return isMean && sampled <= 0
        ? window(axis, place, counts, most, divisor)
        : corners(axis, place, counts, divisor);
  }

  /** The two pixels around each sample. */
  private Pixels corners(Axis axis, Expression place, Expression counts, Expression divisor) {
    Expression low = call("floor", place).to(ScalarTypes.INT64);
    Expression high = call("clamp_max", low.plus(1), axis.size() - 1);
    Expression above = place.minus(low).times(counts);
    Expression below = counts.to(ScalarTypes.FLOAT).minus(above);
    Expression weights = call("flatten", call("stack", list(below, above), 3), 2, 3);
    return new Pixels(
        call("flatten", call("stack", list(low, high), 3), 2, 3),
        isMean ? weights.over(divisor) : weights);
  }

  /**
   * All pixels between the samples of a bin: the samples are at most one pixel apart, so there are
   * fewer than two pixels for each sample.
   */
  private static Pixels window(
      Axis axis, Expression place, Expression counts, Expression most, Expression divisor) {
    Expression first = call("floor", place.select(2, 0)).unsqueezed(2);
    Expression width = call("arange", most.plus(2), dtype(ScalarTypes.FLOAT));
    Expression pixel = first.plus(width);
    Expression distance = place.unsqueezed(3).minus(pixel.unsqueezed(2));
    Expression share = call("relu", call("rsub", call("abs", distance), 1));
    Expression seen = share.times(counts.unsqueezed(3));
    return new Pixels(
        call("clamp_max", pixel, axis.size() - 1).to(ScalarTypes.INT64),
        call("sum", seen, new long[] {2}).over(divisor));
  }
}
