package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.units.Quantity;
import dev.flopmeter.units.QuantityException;
import dev.flopmeter.units.SiPrefix;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** {@code flopmeter units}: an amount or a rate in another unit, with all digits. */
final class UnitsCommand extends Command {
  private final Argument<String> words = parameters();
  private final Argument<Optional<SiPrefix>> target = option("--to", new UnitName("all"));
  private final OutputArguments output = with(new OutputArguments());

  @Override
  int run(Console console) {
    try {
      Quantity quantity = Quantity.parse(String.join(" ", words.all()));
      List<SiPrefix> units = target.get().map(List::of).orElse(List.of(SiPrefix.values()));
      output.write(
          units.stream().map(unit -> quantity.format(unit) + "\n").collect(Collectors.joining()),
          console);
      return 0;
    } catch (QuantityException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * An SI prefix such as {@code T}, with or without the unit behind it.
   *
   * @param open the word that leaves the prefix open
   */
  record UnitName(String open) implements Reading<Optional<SiPrefix>> {
    @Override
    public Optional<SiPrefix> read(String text) {
      if (text.equals(open)) {
        return Optional.empty();
      }
      SiPrefix prefix = SiPrefix.ofSymbol(text.replaceFirst("(?i)(flop|flops)(/s)?$", ""));
      if (prefix == null || text.isEmpty()) {
        throw new ModelException("must be " + Choice.listed(candidates()) + ", not '" + text + "'");
      }
      return Optional.of(prefix);
    }

    @Override
    public List<String> candidates() {
      return List.of(open, "1", "K", "M", "G", "T", "P", "E", "Z");
    }
  }
}
