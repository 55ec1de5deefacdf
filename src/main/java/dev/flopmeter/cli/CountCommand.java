package dev.flopmeter.cli;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.CostRules;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.convention.Comparer;
import dev.flopmeter.count.convention.Comparison;
import dev.flopmeter.count.convention.Conventions;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.json.CountJson;
import dev.flopmeter.report.text.ConventionTable;
import dev.flopmeter.report.text.CountCsv;
import dev.flopmeter.report.text.CountMarkdown;
import dev.flopmeter.report.text.CountTable;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.units.SiPrefix;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code flopmeter count}: what a network costs, without running it. */
@Command(
    name = "count",
    description = "Count the work, parameters and bytes of a network, exactly.",
    mixinStandardHelpOptions = true)
final class CountCommand implements Callable<Integer> {

  private static final String ALL = "all";

  @Mixin private ModelArguments model = new ModelArguments();

  @Option(
      names = "--convention",
      paramLabel = "NAME",
      description =
          "flops (default), macs, thop, thop-0.0.31, torchstat, fvcore, ptflops, torch, torchinfo,"
              + " deepspeed, onnx-tool, molchanov, or all to compare them")
  private String convention = "flops";

  @Option(
      names = "--unit",
      paramLabel = "UNIT",
      description = "auto (default), 1, K, M, G, T, P, E or Z, for amounts of work in the table")
  private String unit = "auto";

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "table (default), json, csv or markdown")
  private String format = "table";

  @Option(
      names = "--depth",
      paramLabel = "N",
      description = "group layers by the first N parts of their names")
  private int depth;

  @Option(
      names = "--rules",
      paramLabel = "FILE",
      description = "a YAML file with rules for operators")
  private @Nullable String rules;

  @Mixin private OutputOption destination = new OutputOption();

  @Override
  public Integer call() {
    if (depth < 0) {
      throw new ModelException("--depth must be at least 0, not " + depth);
    }
    SiPrefix prefix = prefix();
    requireFormat();
    CostRules costs = rules == null ? CostRules.standard() : RuleFile.read(rules);
    Convention chosen = Conventions.named(convention.equals(ALL) ? "flops" : convention);
    Model network = model.open();
    List<String> texts = new ArrayList<>();
    for (Bindings bindings : model.sweep()) {
      Graph graph = network.bind(bindings);
      texts.add(counted(network, graph, costs, chosen, prefix));
    }
    destination.write(joined(texts));
    return 0;
  }

  /** Several sizes are several tables, one below the other, or one JSON array. */
  private String joined(List<String> texts) {
    if (texts.size() == 1) {
      return texts.get(0);
    }
    return format.equals("json") ? "[" + String.join(",", texts) + "]\n" : String.join("\n", texts);
  }

  private String counted(
      Model network, Graph graph, CostRules costs, Convention chosen, @Nullable SiPrefix prefix) {
    try {
      return render(network, graph, costs, chosen, prefix);
    } catch (ModelException e) {
      throw e.at(model.name());
    }
  }

  private String render(
      Model network, Graph graph, CostRules costs, Convention chosen, @Nullable SiPrefix prefix) {
    Counts counts = new Counter(costs, chosen).count(network, graph);
    if (convention.equals(ALL)) {
      Comparison comparison = new Comparer(costs).compare(network, graph);
      return switch (format) {
        case "json" -> CountJson.write(counts, List.of(), comparison, depth);
        case "csv" -> ConventionTable.csv(comparison);
        case "markdown" -> ConventionTable.markdown(comparison);
        default -> ConventionTable.render(comparison, style());
      };
    }
    List<Counts> companions = new ArrayList<>();
    for (Convention companion : chosen.companions()) {
      companions.add(new Counter(costs, companion).count(network, graph));
    }
    return switch (format) {
      case "json" -> CountJson.write(counts, companions, null, depth);
      case "csv" ->
          depth > 0 ? CountCsv.renderTree(counts, depth) : CountCsv.render(counts, companions);
      case "markdown" -> CountMarkdown.render(counts, depth);
      default -> {
        CountTable table = new CountTable(counts, companions, prefix, style());
        yield depth > 0 ? table.renderTree(depth) : table.render();
      }
    };
  }

  private @Nullable SiPrefix prefix() {
    if (unit.equals("auto")) {
      return null;
    }
    SiPrefix prefix = SiPrefix.ofSymbol(unit);
    if (prefix == null || unit.isEmpty()) {
      throw new ModelException(
          "--unit " + unit + ": there is no such unit; it is one of auto, 1, K, M, G, T, P, E, Z");
    }
    return prefix;
  }

  private void requireFormat() {
    if (!List.of("table", "json", "csv", "markdown").contains(format)) {
      throw new ModelException(
          "--format " + format + ": there is no such format; it is table, json, csv or markdown");
    }
  }

  private TerminalStyle style() {
    TerminalStyle plain =
        !destination.isFile()
            ? TerminalStyle.of(System.getenv(), Terminal.OUTPUT, Charset.defaultCharset(), true)
            : TerminalStyle.PLAIN;
    return Terminal.OUTPUT.isTerminal() && !destination.isFile()
        ? plain
        : new TerminalStyle(FILE_WIDTH, plain.colour(), plain.unicode(), true);
  }

  /** Names are not cut where nobody's window limits them. */
  private static final int FILE_WIDTH = 1000;
}
