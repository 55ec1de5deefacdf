package dev.flopmeter.cli;

import dev.flopmeter.model.zoo.Zoo;
import dev.flopmeter.model.zoo.ZooModel;
import java.util.List;

/** {@code flopmeter models}: the networks built in. */
final class ModelsCommand extends Command {
  private final OutputArguments output = with(new OutputArguments());

  @Override
  int run(Console console) {
    List<ZooModel> all = Zoo.all();
    int longest = 0;
    for (ZooModel model : all) {
      longest = Math.max(longest, model.name().length());
    }
    StringBuilder out = new StringBuilder();
    for (ZooModel model : all) {
      out.append(model.name()).append(" ".repeat(longest + 2 - model.name().length()));
      out.append(model.description()).append('\n');
    }
    output.write(out.toString(), console);
    return 0;
  }
}
