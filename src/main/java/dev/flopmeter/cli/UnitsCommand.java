package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.units.Quantity;
import dev.flopmeter.units.QuantityException;
import dev.flopmeter.units.SiPrefix;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flopmeter units}: an amount or a rate in another unit, with all digits. */
@Command(
    name = "units",
    description = "Convert an amount (16.5G, 16.5 GFLOPs, 1e12) or a rate (4.1 TFLOP/s), exactly.",
    mixinStandardHelpOptions = true)
final class UnitsCommand implements Callable<Integer> {
  @Mixin private OutputOption destination = new OutputOption();

  @Parameters(
      arity = "1..*",
      paramLabel = "QUANTITY",
      description = "a number, with a prefix K M G T P E Z and a unit if it has one")
  private List<String> words = new ArrayList<>();

  @Option(
      names = "--to",
      paramLabel = "UNIT",
      description = "1, K, M, G, T, P, E or Z; all of them if left out")
  private @Nullable String target;

  @Override
  public Integer call() {
    try {
      Quantity quantity = Quantity.parse(String.join(" ", words));
      StringBuilder out = new StringBuilder();
      if (target != null) {
        out.append(quantity.format(prefix(target))).append('\n');
      } else {
        for (SiPrefix prefix : SiPrefix.values()) {
          out.append(quantity.format(prefix)).append('\n');
        }
      }
      destination.write(out.toString());
      return 0;
    } catch (QuantityException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    }
  }

  /** {@code T}, or with the unit behind it: {@code TFLOP}. */
  private static SiPrefix prefix(String text) {
    String symbol = text.replaceFirst("(?i)(flop|flops)(/s)?$", "");
    SiPrefix prefix = SiPrefix.ofSymbol(symbol);
    if (prefix == null || text.isEmpty()) {
      throw new ModelException(
          "--to " + text + ": there is no such unit; it is one of 1, K, M, G, T, P, E, Z");
    }
    return prefix;
  }
}
