package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.text.NearestName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The networks built in, by name. */
public final class Zoo {
  private Zoo() {}

  /**
   * What adds the networks of each family, in the order they are listed. A family is set up only
   * when its networks are asked for: a short command needs one of them.
   */
  private static final List<Consumer<List<ZooModel>>> FAMILIES =
      List.of(
          ResNets::addTo,
          PlainNets::addTo,
          DenseNets::addTo,
          Inceptions::addTo,
          MobileNets::addTo,
          ShuffleNets::addTo,
          EfficientNets::addTo,
          RegNets::addTo,
          ConvNeXts::addTo,
          VisionTransformers::addTo,
          Swins::addTo,
          Transformers::addTo);

  /** All built-in networks, in the order they are listed. */
  public static List<ZooModel> all() {
    List<ZooModel> all = new ArrayList<>();
    FAMILIES.forEach(family -> family.accept(all));
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
    for (Consumer<List<ZooModel>> each : FAMILIES) {
      each.accept(family);
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
