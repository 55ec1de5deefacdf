package dev.flopmeter.model.zoo;

import static dev.flopmeter.model.zoo.ActivationLayer.FUNCTIONAL_RELU;

import dev.flopmeter.model.zoo.NetworkBuilder.ConvShape;
import dev.flopmeter.text.Csv;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Networks and modules whose layers are rows of {@code modules.csv}: GoogLeNet (Szegedy et al.
 * 2014) with batch normalisation and Inception v3 (2015), for inference: without the auxiliary
 * heads of the training.
 */
final class Modules {
  private static final Norm NORM = new Norm(1e-3, 1);

  private final NetworkBuilder net;
  private final List<List<String>> rows = Csv.rows(Modules.class, "modules.csv");

  private Modules(NetworkBuilder net) {
    this.net = net;
  }

  static void build(NetworkBuilder net, String network) {
    new Modules(net).add(network, "", net.input(0), new String[0]);
  }

  /** Adds the layers of a module, named {@code name} and the row's own; returns the last. */
  private String add(String module, String name, String input, String[] given) {
    Map<String, String> written = new HashMap<>(Map.of("", input));
    String last = input;
    for (List<String> row : rows) {
      if (row.get(0).equals(module)) {
        String own = row.get(1);
        written.put("-", last);
        String[] read = words(row.get(2), given);
        Arrays.setAll(read, i -> written.getOrDefault(read[i], read[i]));
        String layer = name.isEmpty() || own.isEmpty() ? name + own : name + "." + own;
        last = add(row.get(3), layer, read, words(row.get(4), given));
        written.put(own, last);
      }
    }
    return last;
  }

  /** The words of a cell, with the numbers of the module in the place of {@code $0} and so on. */
  private static String[] words(String cell, String[] given) {
    return Arrays.stream(cell.split(" ", -1))
        .map(word -> word.startsWith("$") ? given[Integer.parseInt(word.substring(1))] : word)
        .toArray(String[]::new);
  }

  private String add(String layer, String name, String[] read, String[] words) {
    return switch (layer) {
      case "conv" -> conv(name, read[0], numbers(words));
      case "max" -> net.pool("MaxPool", name, "MaxPool2d", read[0], numbers(words));
      case "functional_max" -> net.pool("MaxPool", name, "", read[0], numbers(words));
      case "functional_average" -> net.pool("AveragePool", name, "", read[0], numbers(words));
      case "concat" -> net.concat(name, 1, read);
      case "classify" -> {
        Blocks.classify(net, name, read[0]);
        yield name;
      }
      default -> add(layer, name, read[0], words);
    };
  }

  private static long[] numbers(String[] words) {
    return Arrays.stream(words).mapToLong(Long::parseLong).toArray();
  }

  /**
   * A convolution, its normalisation and its activation.
   *
   * @param shape channels, height (1) and width of the kernel (its height), stride (1), padding
   *     above and on the left (keeps the size where the stride is 1, else 0)
   */
  private String conv(String name, String x, long... shape) {
    long height = shape.length > 1 ? shape[1] : 1;
    long width = shape.length > 2 ? shape[2] : height;
    long stride = shape.length > 3 ? shape[3] : 1;
    long top = shape.length > 4 ? shape[4] : stride == 1 ? height / 2 : 0;
    long left = shape.length > 5 ? shape[5] : stride == 1 ? width / 2 : 0;
    ConvShape all = new ConvShape(shape[0], height, width, stride, top, left, 1, false);
    String y = net.batchNorm(name + ".bn", net.conv(name + ".conv", x, all), NORM);
    return FUNCTIONAL_RELU.add(net, name + ".relu", y);
  }
}
