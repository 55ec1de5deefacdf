package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Text.ints;
import static dev.flopmeter.run.djl.kernel.Text.number;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What detectors use: sampling at computed places, boxes and the choice among them. */
final class RegionKernels {
  private RegionKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("AffineGrid", RegionKernels::affineGrid);
    rules.put("RoiAlign", RegionKernels::roiAlign);
    rules.put("DeformConv", RegionKernels::deformConv);
    rules.put("NonMaxSuppression", RegionKernels::nonMaxSuppression);
  }

  private static Kernel affineGrid(Operands in) {
    return Kernel.of(
        "torch.affine_grid_generator(x0, "
            + ints(in.requireLongs(1))
            + ", "
            + Text.flag(in.attributes().flag("align_corners", false))
            + ")");
  }

  /** Box by box: samples at even distances, then their mean or maximum in each bin. */
  private static Kernel roiAlign(Operands in) {
    Shape out = in.output(0).shape();
    boolean shifts =
        in.opset() >= 16
            && in.attributes()
                .text("coordinate_transformation_mode", "half_pixel")
                .equals("half_pixel");
    boolean mean = in.attributes().text("mode", "avg").equals("avg");
    List<String> lines = new ArrayList<>();
    lines.add("found = annotate(List[Tensor], [])");
    lines.add("for r in range(" + out.dim(0) + "):");
    lines.add("  image = torch.select(x0, 0, int(torch.select(x2, 0, r)))");
    lines.add(
        "  box = torch.sub(torch.mul(torch.select(x1, 0, r), "
            + number(in.attributes().number("spatial_scale", 1))
            + "), "
            + (shifts ? "0.5" : "0.0")
            + ")");
    lines.addAll(samples(in, new Axis("h", 1, out.dim(2), in.shape(0).dim(2), shifts)));
    lines.addAll(samples(in, new Axis("w", 0, out.dim(3), in.shape(0).dim(3), shifts)));
    List<String> corners = new ArrayList<>();
    for (String row : List.of("0", "1")) {
      for (String column : List.of("0", "1")) {
        corners.add(
            "torch.mul(torch.index_select(torch.index_select(image, 1, h"
                + row
                + "), 2, w"
                + column
                + "), torch.mul(torch.unsqueeze(hw"
                + row
                + ", 1), ww"
                + column
                + "))");
      }
    }
    String bins = ", [" + out.dim(1) + ", " + out.dim(2) + ", hn, " + out.dim(3) + ", wn])";
    lines.add("  parts = torch.stack(" + Text.list(corners) + ")");
    if (mean) {
      lines.add("  bins = torch.reshape(torch.sum(parts, [0])" + bins);
      lines.add(
          "  found = torch.add(found, [torch.div(torch.sum(bins, [2, 4]),"
              + " torch.clamp_min(torch.mul(hc, wc), 1))])");
    } else {
      lines.add("  bins = torch.reshape(torch.amax(parts, [0])" + bins);
      lines.add("  found = torch.add(found, [torch.amax(bins, [2, 4])])");
    }
    lines.add(
        out.dim(0) == 0
            ? "return torch.zeros(" + ints(out.dims()) + ", dtype=" + TorchTypes.FLOAT + ")"
            : "return torch.stack(found)");
    return Kernel.statements(1, lines.toArray(String[]::new));
  }

  /**
   * Along one axis {@code a} of a box: {@code an} samples a bin (as a tensor {@code ac}), the
   * pixels {@code a0} and {@code a1} around each and their weights {@code aw0} and {@code aw1}.
   */
  private static List<String> samples(Operands in, Axis axis) {
    long asked = in.attributes().integer("sampling_ratio", 0);
    String start = "torch.select(box, 0, " + axis.corner() + ")";
    String end = "torch.select(box, 0, " + (axis.corner() + 2) + ")";
    String extent = "torch.sub(" + end + ", " + start + ")";
    String count = "torch.ceil(torch.div(@s, " + axis.bins() + "))";
    return Stream.of(
            "@s = " + (axis.shifts() ? extent : "torch.clamp_min(" + extent + ", 1)"),
            "@c = " + (asked > 0 ? "torch.full_like(@s, " + asked + ")" : count),
            "@n = int(@c)",
            "at = torch.add(torch.arange(@n * " + axis.bins() + ", dtype=6), 0.5)",
            "at = torch.mul(at, torch.div(torch.div(@s, " + axis.bins() + "), @c))",
            "at = torch.add(at, " + start + ")",
            "seen = torch.logical_and(torch.ge(at, -1), torch.le(at, " + axis.size() + "))",
            "at = torch.clamp(at, 0, " + (axis.size() - 1) + ")",
            "@0 = torch.to(torch.floor(at), 4)",
            "@1 = torch.clamp_max(torch.add(@0, 1), " + (axis.size() - 1) + ")",
            "@w1 = torch.mul(torch.sub(at, @0), seen)",
            "@w0 = torch.sub(torch.to(seen, 6), @w1)")
        .map(line -> "  " + line.replace("@", axis.name()))
        .toList();
  }

  /**
   * One axis of a region.
   *
   * @param corner where a box holds its start
   * @param bins of the output
   * @param size of the image, in pixels
   * @param shifts whether pixels are points at their middle
   */
  private record Axis(String name, int corner, long bins, long size, boolean shifts) {}

  /** The input sampled at every (moved) place of the kernel, then one grouped product. */
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
    List<String> lines = new ArrayList<>();
    lines.add("o = torch.reshape(x2, " + ints(batch * shared, places, 2, rows, columns) + ")");
    lines.add("v = " + coordinate(window, weight, out, 0, shape.dim(2)));
    lines.add("h = " + coordinate(window, weight, out, 1, shape.dim(3)));
    lines.add(
        "g = torch.reshape(torch.stack([h, v], -1), "
            + ints(batch * shared, places * rows, columns, 2)
            + ")");
    lines.add(
        "s = torch.grid_sampler_2d(torch.reshape(x0, "
            + ints(batch * shared, shape.dim(1) / shared, shape.dim(2), shape.dim(3))
            + "), g, 0, 0, False)");
    lines.add(
        "s = torch.reshape(s, "
            + ints(batch, shared, shape.dim(1) / shared, places, rows, columns)
            + ")");
    if (in.has(4)) {
      lines.add(
          "s = torch.mul(s, torch.reshape(x4, "
              + ints(batch, shared, 1, places, rows, columns)
              + "))");
    }
    lines.add(
        "s = torch.reshape(s, "
            + ints(batch, group, shape.dim(1) / group * places, rows * columns)
            + ")");
    lines.add("w = torch.reshape(x1, " + ints(group, weight.dim(0) / group, -1) + ")");
    lines.add("y = torch.reshape(torch.matmul(w, s), " + ints(out.dims()) + ")");
    lines.add(in.has(3) ? "return torch.add(y, torch.reshape(x3, [-1, 1, 1]))" : "return y");
    return Kernel.statements(1, lines.toArray(String[]::new));
  }

  /**
   * Where each place of the kernel reads along one axis, on the scale of -1 to 1 of the sampler.
   */
  private static String coordinate(Window window, Shape weight, Shape out, int axis, long size) {
    long kernel = weight.dim(axis + 2);
    long other = weight.dim(3 - axis);
    String place =
        "torch.mul(torch.arange(" + kernel + ", dtype=6), " + window.dilation()[axis] + ")";
    place =
        "torch.reshape("
            + (axis == 0
                ? "torch.repeat_interleave(" + place + ", " + other + ")"
                : "torch.repeat(" + place + ", [" + other + "])")
            + ", [-1, 1, 1])";
    String start =
        "torch.reshape(torch.sub(torch.mul(torch.arange("
            + out.dim(axis + 2)
            + ", dtype=6), "
            + window.stride()[axis]
            + "), "
            + window.padBegin()[axis]
            + "), "
            + (axis == 0 ? "[1, -1, 1]" : "[1, 1, -1]")
            + ")";
    String pixel =
        "torch.add(torch.select(o, 2, " + axis + "), torch.add(" + place + ", " + start + "))";
    return "torch.sub(torch.div(torch.add(torch.mul(" + pixel + ", 2), 1), " + size + "), 1)";
  }

  /** For each image and class: the best box left, until those it overlaps too much are gone. */
  private static Kernel nonMaxSuppression(Operands in) {
    List<String> lines = new ArrayList<>();
    if (in.attributes().integer("center_point_box", 0) == 0) {
      lines.add("p, q = torch.split_with_sizes(x0, [2, 2], 2)");
      lines.add("low = torch.minimum(p, q)");
      lines.add("high = torch.maximum(p, q)");
    } else {
      lines.add("p, q = torch.split_with_sizes(x0, [2, 2], 2)");
      lines.add("low = torch.sub(p, torch.div(q, 2))");
      lines.add("high = torch.add(p, torch.div(q, 2))");
    }
    lines.add("area = torch.prod(torch.sub(high, low), 2)");
    lines.add("found = annotate(List[Tensor], [torch.zeros([0, 3], dtype=4)])");
    lines.add(
        in.has(2)
            ? "limit = int(torch.clamp(torch.reshape(x2, [-1]), 0, torch.size(x0, 1)))"
            : "limit = 0");
    lines.add("for b in range(torch.size(x1, 0)):");
    lines.add("  for c in range(torch.size(x1, 1)):");
    lines.add("    score = torch.select(torch.select(x1, 0, b), 0, c)");
    lines.add(
        "    left = "
            + (in.has(4)
                ? "torch.gt(score, torch.reshape(x4, [-1]))"
                : "torch.ones_like(score, dtype=11)"));
    lines.add("    for k in range(limit):");
    lines.add("      if bool(torch.any(left)):");
    lines.add(
        "        i = int(torch.argmax(torch.masked_fill(score, torch.logical_not(left), (-inf))))");
    lines.add("        found = torch.add(found, [torch.tensor([[b, c, i]], dtype=4)])");
    lines.add(
        "        lows = torch.maximum(torch.select(low, 0, b), torch.select(torch.select(low, 0, b), 0, i))");
    lines.add(
        "        highs = torch.minimum(torch.select(high, 0, b), torch.select(torch.select(high, 0, b), 0, i))");
    lines.add("        common = torch.prod(torch.clamp_min(torch.sub(highs, lows), 0), 1)");
    lines.add("        areas = torch.select(area, 0, b)");
    lines.add("        union = torch.sub(torch.add(areas, torch.select(areas, 0, i)), common)");
    lines.add(
        "        over = torch.gt(torch.div(common, union), "
            + (in.has(3) ? "torch.reshape(x3, [-1])" : "0")
            + ")");
    lines.add("        left = torch.logical_and(left, torch.logical_not(over))");
    lines.add("        left = torch.index_fill(left, 0, torch.tensor([i]), False)");
    lines.add("return torch.cat(found)");
    return Kernel.statements(1, lines.toArray(String[]::new));
  }
}
