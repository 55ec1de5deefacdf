package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.text.NearestName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The networks built in, by name. */
public final class Zoo {
  private Zoo() {}

  private static final int FAMILIES = 12;

  /**
   * Adds the networks of a family, which is set up only when its networks are asked for: a short
   * command needs one of them. The numbers are the order in which they are listed.
   */
  private static void addFamily(int number, List<ZooModel> models) {
    switch (number) {
      case 0 -> ResNets.addTo(models);
      case 1 -> PlainNets.addTo(models);
      case 2 -> DenseNets.addTo(models);
      case 3 -> Inceptions.addTo(models);
      case 4 -> MobileNets.addTo(models);
      case 5 -> ShuffleNets.addTo(models);
      case 6 -> EfficientNets.addTo(models);
      case 7 -> RegNets.addTo(models);
      case 8 -> ConvNeXts.addTo(models);
      case 9 -> VisionTransformers.addTo(models);
      case 10 -> Swins.addTo(models);
      default -> Transformers.addTo(models);
    }
  }

  /** All built-in networks, in the order they are listed. */
  public static List<ZooModel> all() {
    List<ZooModel> all = new ArrayList<>();
    for (int family = 0; family < FAMILIES; family++) {
      addFamily(family, all);
    }
    return List.copyOf(all);
  }

  /** Whether there is a built-in network of this name. */
  public static boolean has(String name) {
    return find(name).isPresent();
  }

  /**
   * The network of this name.
   *
   * @throws ModelException if there is none; the message suggests the nearest name
   */
  public static Model get(String name) {
    Optional<ZooModel> model = find(name);
    if (model.isEmpty()) {
      throw new ModelException(
          "there is no built-in model '"
              + name
              + "' and no such file"
              + NearestName.question(name, all().stream().map(ZooModel::name).toList())
              + "'flopmeter models' lists all");
    }
    return model.get();
  }

  private static Optional<ZooModel> find(String name) {
    List<ZooModel> family = new ArrayList<>();
    for (int number = 0; number < FAMILIES; number++) {
      addFamily(number, family);
      for (ZooModel model : family) {
        if (model.name().equals(name)) {
          return Optional.of(model);
        }
      }
      family.clear();
    }
    return Optional.empty();
  }
}
