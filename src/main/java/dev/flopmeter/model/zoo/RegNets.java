package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.NONE;
import static dev.flopmeter.model.zoo.ActivationLayer.RELU;
import static dev.flopmeter.model.zoo.ActivationLayer.SIGMOID;
import static dev.flopmeter.model.zoo.Blocks.convNorm;

import dev.flopmeter.model.zoo.Blocks.Excitation;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** RegNet (Radosavovic et al. 2020): stages whose widths follow a quantised linear function. */
final class RegNets {
  private RegNets() {}

  private static final Norm NORM = Norm.PLAIN;

  /**
   * The width of each stage and its number of blocks. Block {@code i} has the width {@code first +
   * slope i}, rounded to {@code first} times a power of {@code factor}, then to a multiple of 8.
   */
  private static SortedMap<Long, Integer> stages(Plan plan) {
    double first = plan.real(1);
    SortedMap<Long, Integer> stages = new TreeMap<>();
    for (int i = 0; i < plan.number(0); i++) {
      double power =
          Math.rint(Math.log((first + plan.real(2) * i) / first) / Math.log(plan.real(3)));
      long width = (long) Math.rint(first * Math.pow(plan.real(3), power) / 8) * 8;
      stages.merge(width, 1, Integer::sum);
    }
    return stages;
  }

  /**
   * Numbers: blocks; first width; slope; factor; width of a group; 1 for an excitation per block.
   */
  static void build(NetworkBuilder net, Plan plan) {
    String x = convNorm(net, "stem", net.input(0), NORM, RELU, 32, 3, 2);
    int stage = 0;
    for (Map.Entry<Long, Integer> blocks : stages(plan).entrySet()) {
      stage++;
      long fitting = Math.min(plan.number(4), blocks.getKey());
      long width = Blocks.divisible((double) blocks.getKey(), fitting);
      for (int i = 0; i < blocks.getValue(); i++) {
        String name = "trunk_output.block" + stage + ".block" + stage + "-" + i;
        x = block(net, name, x, width, width / fitting, i == 0 ? 2 : 1, plan.number(5) == 1);
      }
    }
    Blocks.classify(net, "fc", x);
  }

  private static String block(
      NetworkBuilder net,
      String name,
      String x,
      long width,
      long groups,
      long stride,
      boolean excites) {
    long in = net.channels(x);
    String shortcut =
        in == width && stride == 1
            ? x
            : convNorm(net, name + ".proj", x, NORM, NONE, width, 1, stride);
    String y = convNorm(net, name + ".f.a", x, NORM, RELU, width, 1, 1);
    y = convNorm(net, name + ".f.b", y, NORM, RELU, width, 3, stride, groups);
    if (excites) {
      long squeezed = (long) Math.rint(0.25 * in);
      y = new Excitation(squeezed, RELU, SIGMOID).add(net, name + ".f.se", y);
    }
    y = convNorm(net, name + ".f.c", y, NORM.ending(), NONE, width, 1, 1);
    return net.relu(name + ".activation", net.add(name + ".add", shortcut, y));
  }
}
