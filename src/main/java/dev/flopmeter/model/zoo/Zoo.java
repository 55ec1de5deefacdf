package dev.flopmeter.model.zoo;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.text.Csv;
import dev.flopmeter.text.NearestName;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The networks built in, by name: those of images in {@code networks.csv}, and transformers. */
public final class Zoo {
  private Zoo() {}

  /** All built-in networks, in the order they are listed. */
  public static List<ZooModel> all() {
    return Stream.concat(
            Csv.rows(Zoo.class, "networks.csv").stream().map(Zoo::ofImages),
            Transformers.all().stream())
        .toList();
  }

  /** A network of one image of three channels, declared with batch 1. */
  private static ZooModel ofImages(List<String> row) {
    long side = Long.parseLong(row.get(2));
    TensorType image = TensorType.of(DataType.FLOAT, 1, 3, side, side);
    return new ZooModel(
        row.get(0),
        row.get(1),
        List.of(ValueInfo.of("input", image)),
        net -> build(row.get(0), row.get(3), net, Plan.parse(row.get(4))));
  }

  private static void build(String name, String family, NetworkBuilder net, Plan plan) {
    switch (family) {
      case "alexnet" -> PlainNets.alexNet(net);
      case "convnext" -> ConvNeXts.build(net, plan);
      case "densenet" -> DenseNets.build(net, plan);
      case "efficientnet" -> EfficientNets.build(net, plan);
      case "mnasnet" -> MobileNets.mnasNet(net, plan);
      case "mobilenet_v2" -> MobileNets.mobileNetV2(net, plan);
      case "mobilenet_v3" -> MobileNets.mobileNetV3(net, plan);
      case "modules" -> Modules.build(net, name);
      case "regnet" -> RegNets.build(net, plan);
      case "resnet" -> ResNets.build(net, plan);
      case "shufflenet" -> ShuffleNets.build(net, plan);
      case "squeezenet" -> PlainNets.squeezeNet(net, plan);
      case "swin" -> Swins.build(net, plan);
      case "vgg" -> PlainNets.vgg(net, plan);
      case "vit" -> VisionTransformers.build(net, plan);
      default -> throw new IllegalArgumentException(family);
    }
  }

  /** Whether there is a built-in network of this name. */
  public static boolean has(String name) {
    return find(name).isPresent();
  }

  /**
   * Returns the network of this name.
   *
   * @throws ModelException if there is none; the message suggests the nearest name
   */
  public static Model get(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new ModelException(
                    "there is no built-in model '%s' and no such file%s'flopmeter models' lists all"
                        .formatted(
                            name,
                            NearestName.question(
                                name, all().stream().map(ZooModel::name).toList()))));
  }

  private static Optional<ZooModel> find(String name) {
    return all().stream().filter(model -> model.name().equals(name)).findFirst();
  }
}
