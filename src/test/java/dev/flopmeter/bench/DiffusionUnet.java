package dev.flopmeter.bench;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.util.List;

/**
 * A small version of the middle of a latent-diffusion UNet: residual blocks and attention at 64 x
 * 64 and 32 x 32, with few channels, so that a pass moves large activations and computes little.
 * The probabilities of the first attention (8 x 4096 x 4096, 537 MB) are scaled again, so that they
 * are not fused away.
 */
final class DiffusionUnet {
  private static final long CHANNELS = 32;
  private static final long SIZE = 64;
  private static final long HEADS = 8;
  private static final long GROUPS = 32;
  private static final Attributes NONE = Attributes.NONE;

  private final GraphBuilder graph = new GraphBuilder("unet", 20);
  private int count;

  private DiffusionUnet() {}

  static Graph graph() {
    DiffusionUnet net = new DiffusionUnet();
    net.graph.input("latents", TensorType.of(DataType.FLOAT, 1, 4, SIZE, SIZE));
    String x = net.conv("latents", 4, CHANNELS, 1);
    x = net.attention(net.residual(x, CHANNELS, CHANNELS, SIZE), CHANNELS, SIZE);
    String down = net.conv(x, CHANNELS, CHANNELS, 2);
    down = net.residual(down, CHANNELS, 2 * CHANNELS, SIZE / 2);
    down = net.attention(down, 2 * CHANNELS, SIZE / 2);
    String up =
        net.add(
            "Resize",
            Attributes.of("mode", "nearest"),
            down,
            "",
            "",
            net.numbers(1, 2 * CHANNELS, SIZE, SIZE));
    up = net.add("Concat", Attributes.of("axis", 1), up, x);
    up = net.conv(net.residual(up, 3 * CHANNELS, CHANNELS, SIZE), CHANNELS, 4, 1);
    return net.graph.build(List.of(up));
  }

  private String add(String op, Attributes attributes, String... inputs) {
    return graph.add(op, op + count++, attributes, inputs);
  }

  private String weights(long... dims) {
    String name = "w" + count++;
    return graph.constant(
        name, new RandomTensor(TensorType.of(DataType.FLOAT, dims), count, -0.05, 0.05));
  }

  private String numbers(long... values) {
    return graph.constant("s" + count++, Tensor.ofLongs(values));
  }

  private String conv(String x, long from, long to, long stride) {
    Attributes window =
        Attributes.of("pads", new long[] {1, 1, 1, 1}, "strides", new long[] {stride, stride});
    return add("Conv", window, x, weights(to, from, 3, 3), weights(to));
  }

  private String norm(String x, long channels, long size) {
    String y = add("Reshape", NONE, x, numbers(0, GROUPS, -1));
    y = add("InstanceNormalization", NONE, y, weights(GROUPS), weights(GROUPS));
    y = add("Reshape", NONE, y, numbers(1, channels, size, size));
    y = add("Mul", NONE, y, weights(channels, 1, 1));
    return add("Add", NONE, y, weights(channels, 1, 1));
  }

  private String silu(String x) {
    return add("Mul", NONE, x, add("Sigmoid", NONE, x));
  }

  private String residual(String x, long from, long to, long size) {
    String y = conv(silu(norm(x, from, size)), from, to, 1);
    y = conv(silu(norm(y, to, size)), to, to, 1);
    String shortcut = from == to ? x : conv(x, from, to, 1);
    return add("Add", NONE, shortcut, y);
  }

  private String heads(String tokens, long channels, long count, long... order) {
    String y = add("MatMul", NONE, tokens, weights(channels, channels));
    y = add("Reshape", NONE, y, numbers(1, count, HEADS, channels / HEADS));
    return add("Transpose", Attributes.of("perm", order), y);
  }

  private String attention(String x, long channels, long size) {
    long tokens = size * size;
    String t =
        add("Transpose", Attributes.of("perm", new long[] {0, 2, 3, 1}), norm(x, channels, size));
    t = add("Reshape", NONE, t, numbers(1, tokens, channels));
    String scores =
        add(
            "MatMul",
            NONE,
            heads(t, channels, tokens, 0, 2, 1, 3),
            heads(t, channels, tokens, 0, 2, 3, 1));
    String shares = add("Softmax", NONE, add("Mul", NONE, scores, weights()));
    shares = add("Mul", NONE, shares, weights());
    String y = add("MatMul", NONE, shares, heads(t, channels, tokens, 0, 2, 1, 3));
    y = add("Transpose", Attributes.of("perm", new long[] {0, 2, 1, 3}), y);
    y = add("Add", NONE, add("Reshape", NONE, y, numbers(1, tokens, channels)), t);
    String wide = add("MatMul", NONE, y, weights(channels, 4 * channels));
    wide = add("Gelu", NONE, add("Add", NONE, wide, weights(4 * channels)));
    y = add("Add", NONE, add("MatMul", NONE, wide, weights(4 * channels, channels)), y);
    y = add("Transpose", Attributes.of("perm", new long[] {0, 2, 1}), y);
    return add("Add", NONE, add("Reshape", NONE, y, numbers(1, channels, size, size)), x);
  }
}
