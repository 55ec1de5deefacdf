package dev.flopmeter.cli;

import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code flopmeter models}: the networks built in. */
@Command(
    name = "models",
    description = "List the built-in networks.",
    mixinStandardHelpOptions = true)
final class ModelsCommand implements Callable<Integer> {
  @Mixin private OutputOption destination = new OutputOption();

  @Override
  public Integer call() {
    int width = 0;
    for (ZooModel model : Zoo.all()) {
      width = Math.max(width, model.name().length());
    }
    StringBuilder out = new StringBuilder();
    for (ZooModel model : Zoo.all()) {
      out.append(model.name())
          .append(" ".repeat(width + 2 - model.name().length()))
          .append(model.description())
          .append('\n');
    }
    destination.write(out.toString());
    return 0;
  }
}
