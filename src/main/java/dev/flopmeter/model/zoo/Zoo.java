package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.text.NearestName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The networks built in, by name. */
public final class Zoo {
  private Zoo() {}

  private static final Map<String, ZooModel> MODELS = models();

  /** Names and recipes; no network is built before it is bound. */
  private static Map<String, ZooModel> models() {
    List<ZooModel> all = new ArrayList<>();
    ResNets.addTo(all);
    PlainNets.addTo(all);
    DenseNets.addTo(all);
    Inceptions.addTo(all);
    MobileNets.addTo(all);
    ShuffleNets.addTo(all);
    EfficientNets.addTo(all);
    RegNets.addTo(all);
    ConvNeXts.addTo(all);
    VisionTransformers.addTo(all);
    Swins.addTo(all);
    Transformers.addTo(all);
    Map<String, ZooModel> models = new LinkedHashMap<>();
    for (ZooModel model : all) {
      models.put(model.name(), model);
    }
    return models;
  }

  /** All built-in networks, in the order they are listed. */
  public static List<ZooModel> all() {
    return List.copyOf(MODELS.values());
  }

  /** Whether there is a built-in network of this name. */
  public static boolean has(String name) {
    return MODELS.containsKey(name);
  }

  /**
   * The network of this name.
   *
   * @throws ModelException if there is none; the message suggests the nearest name
   */
  public static Model get(String name) {
    ZooModel model = MODELS.get(name);
    if (model == null) {
      throw new ModelException(
          "there is no built-in model '"
              + name
              + "' and no such file"
              + NearestName.question(name, MODELS.keySet())
              + "'flopmeter models' lists all");
    }
    return model;
  }
}
