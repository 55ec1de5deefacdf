package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.TorchOrigin;
import java.util.Map;

/** Vision transformer (Dosovitskiy et al. 2020); its position embedding follows the image size. */
final class VisionTransformers {
  private VisionTransformers() {}

  private static final double EPSILON = 1e-6;

  /** Numbers: the side of a patch; blocks; heads; width. */
  static void build(NetworkBuilder net, Plan plan) {
    long patch = plan.number(0);
    long width = plan.number(3);
    String x = net.biasedConv("conv_proj", net.input(0), width, patch, patch, 0);
    long n = net.shape(x).dim(0);
    long patches = net.shape(x).elements(2, 4);
    x = net.reshape("patches", x, n, width, patches);
    x = net.transpose("tokens", x, 0, 2, 1);
    String token = net.uniform("class_token", -0.1, 0.1, 1, 1, width);
    String shape = net.longs("class_token.shape", n, 1, width);
    Map<String, String> kept = Map.of(TorchOrigin.MODULE, "", TorchOrigin.KEEP, "");
    token = net.op("Expand", "class_token.expand", kept, Attributes.NONE, token, shape);
    x = net.concat("with_class", 1, token, x);
    String positions = net.uniform("encoder.pos_embedding", -0.1, 0.1, 1, patches + 1, width);
    x = net.add("encoder.add", x, positions);
    for (int i = 0; i < plan.number(1); i++) {
      x = block(net, "encoder.layers.encoder_layer_" + i, x, plan.number(2));
    }
    x = net.layerNorm("encoder.ln", x, EPSILON);
    x = net.reshape("class", net.slice("first", x, 1, 0, 1, 1), n, width);
    net.output(net.linear("heads.head", x, 1000));
  }

  private static String block(NetworkBuilder net, String name, String x, long heads) {
    String y = net.layerNorm(name + ".ln_1", x, EPSILON);
    x = net.add(name + ".add_1", attend(net, name + ".self_attention", y, heads), x);
    y = net.layerNorm(name + ".ln_2", x, EPSILON);
    return net.add(name + ".add_2", x, Blocks.perceptron(net, name + ".mlp", y));
  }

  private static String attend(NetworkBuilder net, String name, String x, long heads) {
    long width = net.shape(x).dim(2);
    String module = "MultiheadAttention";
    String all = net.linear(name + ".in_proj", module, x, 3 * width, true);
    String[] parts = new String[3];
    for (int i = 0; i < 3; i++) {
      String part = name + "." + "qkv".charAt(i);
      String cut = net.slice(part + ".cut", all, 2, i * width, (i + 1) * width, 1);
      parts[i] = net.heads(part, part + ".heads", cut, heads);
    }
    String y = net.attention(name, module, parts[0], parts[1], parts[2]);
    y = net.joined(name + ".joined", name + ".flat", y);
    return net.linear(name + ".out_proj", module, y, width, true);
  }
}
