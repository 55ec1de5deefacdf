package dev.flopmeter.cli;

import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;

/** {@code flopmeter models}: the networks built in. */
final class ModelsCommand extends Command {
  private final OutputArguments output = with(new OutputArguments());

  @Override
  int run(Console console) {
    int width = Zoo.all().stream().mapToInt(model -> model.name().length()).max().orElse(0) + 2;
    StringBuilder out = new StringBuilder();
    for (ZooModel model : Zoo.all()) {
      out.append(model.name()).append(" ".repeat(width - model.name().length()));
      out.append(model.description()).append('\n');
    }
    output.write(out.toString(), console);
    return 0;
  }
}
