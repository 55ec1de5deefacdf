package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.NONE;
import static dev.flopmeter.model.zoo.ActivationLayer.RELU;
import static dev.flopmeter.model.zoo.ActivationLayer.SIGMOID;
import static dev.flopmeter.model.zoo.Blocks.convNorm;
import static dev.flopmeter.model.zoo.Blocks.divisible;
import static dev.flopmeter.model.zoo.Blocks.squeezeExcite;

import dev.flopmeter.model.zoo.Blocks.Norm;
import java.util.ArrayList;
import java.util.List;

/** RegNet (Radosavovic et al. 2020): stages whose widths follow a quantised line. */
final class RegNets {
  private RegNets() {}

  static void addTo(List<ZooModel> models) {
    models.add(regnet("x_400mf", 22, 24, 24.48, 2.54, 16));
    models.add(regnet("x_800mf", 16, 56, 35.73, 2.28, 16));
    models.add(regnet("x_1_6gf", 18, 80, 34.01, 2.25, 24));
    models.add(regnet("x_3_2gf", 25, 88, 26.31, 2.25, 48));
    models.add(regnet("x_8gf", 23, 80, 49.56, 2.88, 120));
    models.add(regnet("x_16gf", 22, 216, 55.59, 2.1, 128));
    models.add(regnet("x_32gf", 23, 320, 69.86, 2.0, 168));
    models.add(regnet("y_400mf", 16, 48, 27.89, 2.09, 8));
    models.add(regnet("y_800mf", 14, 56, 38.84, 2.4, 16));
    models.add(regnet("y_1_6gf", 27, 48, 20.71, 2.65, 24));
    models.add(regnet("y_3_2gf", 21, 80, 42.63, 2.66, 24));
    models.add(regnet("y_8gf", 17, 192, 76.82, 2.19, 56));
    models.add(regnet("y_16gf", 18, 200, 106.23, 2.48, 112));
    models.add(regnet("y_32gf", 20, 232, 115.89, 2.53, 232));
    models.add(regnet("y_128gf", 27, 456, 160.83, 2.52, 264));
  }

  /** A run of blocks of one width. */
  private record Stage(long width, long group, int depth) {}

  private static ZooModel regnet(
      String name, int depth, double first, double slope, double factor, long group) {
    boolean excites = name.startsWith("y");
    return new ZooModel(
        "regnet_" + name,
        "RegNet" + (excites ? "Y" : "X") + " of " + name.substring(2).replace('_', '.'),
        Blocks.image(224),
        net -> build(net, stages(depth, first, slope, factor, group), excites));
  }

  /** Widths {@code first + slope i}, brought to powers of {@code factor}, then to eights. */
  private static List<Stage> stages(
      int depth, double first, double slope, double factor, long group) {
    List<Stage> stages = new ArrayList<>();
    long before = -1;
    int count = 0;
    for (int i = 0; i <= depth; i++) {
      long width = -1;
      if (i < depth) {
        double power = Math.rint(Math.log((first + slope * i) / first) / Math.log(factor));
        width = (long) Math.rint(first * Math.pow(factor, power) / 8) * 8;
      }
      if (width != before && count > 0) {
        long fitting = Math.min(group, before);
        stages.add(new Stage(divisible((double) before, fitting), fitting, count));
        count = 0;
      }
      before = width;
      count++;
    }
    return stages;
  }

  private static void build(NetworkBuilder net, List<Stage> stages, boolean excites) {
    Norm norm = Norm.PLAIN;
    String x = convNorm(net, "stem", net.input(0), norm, RELU, 32, 3, 2);
    for (int s = 0; s < stages.size(); s++) {
      for (int i = 0; i < stages.get(s).depth(); i++) {
        String name = "trunk_output.block" + (s + 1) + ".block" + (s + 1) + "-" + i;
        x = block(net, name, x, stages.get(s), i == 0 ? 2 : 1, excites);
      }
    }
    x = net.flatten("flatten", net.globalAveragePool("avgpool", x));
    net.output(net.linear("fc", x, 1000));
  }

  private static String block(
      NetworkBuilder net, String name, String x, Stage stage, long stride, boolean excites) {
    Norm norm = Norm.PLAIN;
    long in = net.channels(x);
    long width = stage.width();
    String shortcut =
        in == width && stride == 1
            ? x
            : convNorm(net, name + ".proj", x, norm, NONE, width, 1, stride);
    String y = convNorm(net, name + ".f.a", x, norm, RELU, width, 1, 1);
    y = convNorm(net, name + ".f.b", y, norm, RELU, width, 3, stride, width / stage.group());
    if (excites) {
      long squeezed = (long) Math.rint(0.25 * in);
      y = squeezeExcite(net, name + ".f.se", y, squeezed, RELU, SIGMOID);
    }
    y = convNorm(net, name + ".f.c", y, norm.ending(), NONE, width, 1, 1);
    return net.relu(name + ".activation", net.add(name + ".add", shortcut, y));
  }
}
