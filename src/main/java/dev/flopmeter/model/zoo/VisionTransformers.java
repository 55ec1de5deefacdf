package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.GELU;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TorchOrigin;
import java.util.List;
import java.util.Map;

/** Vision transformer (Dosovitskiy et al. 2020); its position embedding follows the image size. */
final class VisionTransformers {
  private VisionTransformers() {}

  private static final double EPSILON = 1e-6;

  static void addTo(List<ZooModel> models) {
    models.add(vit("b_16", 16, 12, 12, 768));
    models.add(vit("b_32", 32, 12, 12, 768));
    models.add(vit("l_16", 16, 24, 16, 1024));
    models.add(vit("l_32", 32, 24, 16, 1024));
    models.add(vit("h_14", 14, 32, 16, 1280));
  }

  private static ZooModel vit(String size, long patch, int depth, long heads, long width) {
    return new ZooModel(
        "vit_" + size,
        "vision transformer " + size.replace('_', '/') + ", 224x224",
        Blocks.image(224),
        net -> build(net, patch, depth, heads, width));
  }

  private static void build(NetworkBuilder net, long patch, int depth, long heads, long width) {
    String x = net.biasedConv("conv_proj", net.input(0), width, patch, patch, 0);
    long n = net.shape(x).dim(0);
    long patches = net.shape(x).elements(2, 4);
    x = net.reshape("patches", x, n, width, patches);
    x = net.transpose("tokens", x, 0, 2, 1);
    String token = net.uniform("class_token", -0.1, 0.1, 1, 1, width);
    String shape = net.constant("class_token.shape", Tensor.ofLongs(n, 1, width));
    token = net.op("Expand", "class_token.expand", KEPT, Attributes.NONE, token, shape);
    x = net.concat("with_class", 1, token, x);
    String positions = net.uniform("encoder.pos_embedding", -0.1, 0.1, 1, patches + 1, width);
    x = net.add("encoder.add", x, positions);
    for (int i = 0; i < depth; i++) {
      x = block(net, "encoder.layers.encoder_layer_" + i, x, heads, width);
    }
    x = net.layerNorm("encoder.ln", "LayerNorm", x, EPSILON);
    x = net.reshape("class", net.slice("first", x, 1, 0, 1, 1), n, width);
    net.output(net.linear("heads.head", x, 1000));
  }

  private static final Map<String, String> KEPT =
      Map.of(NetworkBuilder.MODULE, "", TorchOrigin.KEEP, "");

  private static String block(NetworkBuilder net, String name, String x, long heads, long width) {
    String y = net.layerNorm(name + ".ln_1", "LayerNorm", x, EPSILON);
    x = net.add(name + ".add_1", attend(net, name + ".self_attention", y, heads, width), x);
    y = net.layerNorm(name + ".ln_2", "LayerNorm", x, EPSILON);
    y = GELU.add(net, name + ".mlp.1", net.linear(name + ".mlp.0", y, 4 * width));
    return net.add(name + ".add_2", x, net.linear(name + ".mlp.3", y, width));
  }

  private static String attend(NetworkBuilder net, String name, String x, long heads, long width) {
    long n = net.shape(x).dim(0);
    long tokens = net.shape(x).dim(1);
    String module = "MultiheadAttention";
    String all = net.linear(name + ".in_proj", module, x, 3 * width, true);
    String[] parts = new String[3];
    for (int i = 0; i < 3; i++) {
      String part = name + "." + "qkv".charAt(i);
      String cut = net.slice(part + ".cut", all, 2, i * width, (i + 1) * width, 1);
      cut = net.reshape(part + ".heads", cut, n, tokens, heads, width / heads);
      parts[i] = net.transpose(part, cut, 0, 2, 1, 3);
    }
    String y = net.attention(name, module, parts[0], parts[1], parts[2]);
    y = net.transpose(name + ".joined", y, 0, 2, 1, 3);
    y = net.reshape(name + ".flat", y, n, tokens, width);
    return net.linear(name + ".out_proj", module, y, width, true);
  }
}
