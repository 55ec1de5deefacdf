package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.units.SiPrefix;
import java.util.List;
import java.util.Optional;

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
