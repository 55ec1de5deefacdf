package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TorchOrigin;
import java.util.Map;

/** Swin transformer (Liu et al. 2021): attention within windows, shifted in every second block. */
final class Swins {
  private Swins() {}

  private static final int WINDOW = 7;
  private static final double EPSILON = 1e-5;

  /** Numbers: the first width; the heads of the first stage; the blocks of each stage. */
  static void build(NetworkBuilder net, Plan plan) {
    long[] depths = plan.from(2);
    String x = net.biasedConv("features.0.0", net.input(0), plan.number(0), 4, 4, 0);
    x = net.transpose("features.0.1", x, 0, 2, 3, 1);
    x = net.layerNorm("features.0.2", x, EPSILON);
    for (int stage = 0; stage < depths.length; stage++) {
      for (int i = 0; i < depths[stage]; i++) {
        String name = "features." + (2 * stage + 1) + "." + i;
        x = block(net, name, x, plan.number(1) << stage, i % 2 == 1);
      }
      if (stage < depths.length - 1) {
        x = merged(net, "features." + (2 * stage + 2), x);
      }
    }
    x = net.layerNorm("norm", x, EPSILON);
    x = net.globalAveragePool("avgpool", net.transpose("permute", x, 0, 3, 1, 2));
    net.output(net.linear("head", net.flatten("flatten", x), 1000));
  }

  /** Merges 2 x 2 neighbouring positions into one. */
  private static String merged(NetworkBuilder net, String name, String x) {
    long height = net.shape(x).dim(1);
    long width = net.shape(x).dim(2);
    long c = net.shape(x).dim(3);
    String[] parts = new String[4];
    for (int i = 0; i < 4; i++) {
      String part = name + ".part" + i;
      String rows = net.slice(part + ".rows", x, 1, i % 2, height, 2);
      parts[i] = net.slice(part, rows, 2, i / 2, width, 2);
    }
    String y = net.concat(name + ".concat", 3, parts);
    y = net.layerNorm(name + ".norm", y, EPSILON);
    return net.linear(name + ".reduction", "Linear", y, 2 * c, false);
  }

  private static String block(
      NetworkBuilder net, String name, String x, long heads, boolean shifts) {
    String y = net.layerNorm(name + ".norm1", x, EPSILON);
    x = net.add(name + ".add1", x, attend(net, name + ".attn", y, heads, shifts));
    y = net.layerNorm(name + ".norm2", x, EPSILON);
    return net.add(name + ".add2", x, Blocks.perceptron(net, name + ".mlp", y));
  }

  private static String attend(
      NetworkBuilder net, String name, String x, long heads, boolean shifts) {
    Shape shape = net.shape(x);
    long n = shape.dim(0);
    long h = shape.dim(1);
    long w = shape.dim(2);
    long c = shape.dim(3);
    if (h % WINDOW != 0 || w % WINDOW != 0) {
      throw new ModelException(
          "Swin divides its feature map into %dx%d windows; %dx%d does not divide (use images whose sides are multiples of 224)"
              .formatted(WINDOW, WINDOW, h, w));
    }
    long shift = shifts && h > WINDOW ? WINDOW / 2 : 0;
    long tokens = WINDOW * WINDOW;
    long windows = (h / WINDOW) * (w / WINDOW);
    String y = shift == 0 ? x : rolled(net, name + ".roll", x, shift, shift);
    y = net.reshape(name + ".cut", y, n, h / WINDOW, WINDOW, w / WINDOW, WINDOW, c);
    y = net.transpose(name + ".windows", y, 0, 1, 3, 2, 4, 5);
    y = net.reshape(name + ".tokens", y, n * windows, tokens, c);
    y = net.linear(name + ".qkv", "", y, 3 * c, true);
    y = net.reshape(name + ".heads", y, n * windows, tokens, 3, heads, c / heads);
    y = net.transpose(name + ".parts", y, 2, 0, 3, 1, 4);
    String[] parts = new String[3];
    for (int i = 0; i < 3; i++) {
      String part = name + "." + "qkv".charAt(i);
      String cut = net.slice(part + ".cut", y, 0, i, i + 1, 1);
      parts[i] = net.reshape(part, cut, n * windows, heads, tokens, c / heads);
    }
    String factor = net.scalar(name + ".factor", 1 / Math.sqrt((double) c / heads));
    String q = net.multiply(name + ".scale", parts[0], factor);
    String keys = net.transpose(name + ".keys", parts[1], 0, 1, 3, 2);
    String scores = net.op("MatMul", name + ".scores", q, keys);
    scores = net.add(name + ".biased", scores, positionBias(net, name, heads));
    if (shift > 0) {
      scores = masked(net, name, scores, n, h, w, shift);
    }
    String shares = net.op("Softmax", name + ".softmax", "", Attributes.of("axis", -1), scores);
    y = net.op("MatMul", name + ".values", shares, parts[2]);
    y = net.joined(name + ".turned", name + ".joined", y);
    y = net.linear(name + ".proj", "", y, c, true);
    y = net.reshape(name + ".uncut", y, n, h / WINDOW, w / WINDOW, WINDOW, WINDOW, c);
    y = net.transpose(name + ".unwindowed", y, 0, 1, 3, 2, 4, 5);
    y = net.reshape(name + ".map", y, n, h, w, c);
    return shift == 0 ? y : rolled(net, name + ".unroll", y, h - shift, w - shift);
  }

  /** Moves the first {@code rows} rows and the first {@code columns} columns to the end. */
  private static String rolled(NetworkBuilder net, String name, String x, long rows, long columns) {
    String y = x;
    for (int axis = 1; axis <= 2; axis++) {
      long cut = axis == 1 ? rows : columns;
      String part = name + ".axis" + axis;
      String head = net.slice(part + ".head", y, axis, 0, cut, 1);
      String tail = net.slice(part + ".tail", y, axis, cut, net.shape(x).dim(axis), 1);
      y = net.concat(part, axis, tail, head);
    }
    return y;
  }

  /** The learned bias of the offset between two positions of a window, for all pairs. */
  private static String positionBias(NetworkBuilder net, String name, long heads) {
    int side = 2 * WINDOW - 1;
    int tokens = WINDOW * WINDOW;
    long[] index = new long[tokens * tokens];
    for (int a = 0; a < tokens; a++) {
      for (int b = 0; b < tokens; b++) {
        int rows = a / WINDOW - b / WINDOW + WINDOW - 1;
        int columns = a % WINDOW - b % WINDOW + WINDOW - 1;
        index[a * tokens + b] = rows * (long) side + columns;
      }
    }
    Map<String, String> kept = Map.of(TorchOrigin.MODULE, "", TorchOrigin.KEEP, "");
    String table =
        net.uniform(name + ".relative_position_bias_table", -0.1, 0.1, side * (long) side, heads);
    String picks = net.longs(name + ".relative_position_index", index);
    String y =
        net.op("Gather", name + ".bias.picked", kept, Attributes.of("axis", 0), table, picks);
    y = net.reshape(name + ".bias.pairs", y, tokens, tokens, heads);
    y = net.transpose(name + ".bias.heads", y, 2, 0, 1);
    return net.reshape(name + ".bias", y, 1, heads, tokens, tokens);
  }

  /** Adds -100 before the softmax to pairs of positions that are neighbours only by the shift. */
  private static String masked(
      NetworkBuilder net, String name, String scores, long n, long h, long w, long shift) {
    long windows = net.shape(scores).dim(0) / n;
    long heads = net.shape(scores).dim(1);
    int tokens = WINDOW * WINDOW;
    float[] mask = new float[(int) (windows * tokens * tokens)];
    for (int window = 0; window < windows; window++) {
      long top = window / (w / WINDOW) * WINDOW;
      long left = window % (w / WINDOW) * WINDOW;
      for (int a = 0; a < tokens; a++) {
        for (int b = 0; b < tokens; b++) {
          boolean same =
              region(top + a / WINDOW, h, shift) == region(top + b / WINDOW, h, shift)
                  && region(left + a % WINDOW, w, shift) == region(left + b % WINDOW, w, shift);
          mask[(window * tokens + a) * tokens + b] = same ? 0 : -100;
        }
      }
    }
    Tensor values = Tensor.ofFloats(Shape.of(1, windows, 1, tokens, tokens), mask);
    String stored = net.constant(name + ".mask", values);
    String split = net.reshape(name + ".by_window", scores, n, windows, heads, tokens, tokens);
    Map<String, String> origin = Map.of(TorchOrigin.MODULE, "", TorchOrigin.BUFFER, stored);
    String sum = net.op("Add", name + ".masked", origin, Attributes.NONE, split, stored);
    return net.reshape(name + ".unsplit", sum, n * windows, heads, tokens, tokens);
  }

  private static int region(long position, long size, long shift) {
    return position < size - WINDOW ? 0 : position < size - shift ? 1 : 2;
  }
}
