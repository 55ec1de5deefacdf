package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.units.Quantity;
import dev.flopmeter.units.QuantityException;
import dev.flopmeter.units.SiPrefix;
import java.util.List;
import java.util.Optional;

/** {@code flopmeter units}: an amount or a rate in another unit, with all digits. */
final class UnitsCommand extends Command {
  private final Argument<String> words = parameters();
  private final Argument<Optional<SiPrefix>> target = option("--to", new UnitName("all"));
  private final OutputArguments output = with(new OutputArguments());

  @Override
  int run(Console console) {
    try {
      Quantity quantity = Quantity.parse(String.join(" ", words.all()));
      StringBuilder out = new StringBuilder();
      for (SiPrefix prefix : target.get().map(List::of).orElse(List.of(SiPrefix.values()))) {
        out.append(quantity.format(prefix)).append('\n');
      }
      output.write(out.toString(), console);
      return 0;
    } catch (QuantityException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    }
  }
}
