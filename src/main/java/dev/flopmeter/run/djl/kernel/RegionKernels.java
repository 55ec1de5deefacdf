package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.named;
import static dev.flopmeter.run.djl.kernel.Expression.number;
import static dev.flopmeter.run.djl.kernel.Expression.parts;
import static dev.flopmeter.run.djl.kernel.Expression.script;

import dev.flopmeter.model.Operands;
import java.util.List;
import java.util.Map;

/** Operators of object detectors: sampling at computed positions, regions, box selection. */
final class RegionKernels {
  private RegionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("RoiAlign", RoiAlignKernel::of);
    rules.put("NonMaxSuppression", RegionKernels::nonMaxSuppression);
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
