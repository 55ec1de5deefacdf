package dev.flopmeter.cli;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.CostRules;
import dev.flopmeter.count.Counter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.count.RunFacts;
import dev.flopmeter.count.convention.Conventions;
import dev.flopmeter.count.convention.ToolComparison;
import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.quantize.SyntheticQuantization;
import dev.flopmeter.report.json.CountJson;
import dev.flopmeter.report.text.ConventionTable;
import dev.flopmeter.report.text.CountTable;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.djl.DjlBackend;
import dev.flopmeter.units.SiPrefix;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code flopmeter count}: counts the cost of a network, by default without running it. */
final class CountCommand extends Command {
  private static final String ALL = "all";

  private final ModelArguments model = with(new ModelArguments(false));
  private final Argument<String> convention = option("--convention", new Reading.Text());
  private final Argument<Optional<SiPrefix>> unit =
      option("--unit", new UnitsCommand.UnitName("auto"));
  private final Argument<Long> depth =
      option("--depth", new Reading.WholeNumber(0, Integer.MAX_VALUE));
  private final Argument<String> rules = option("--rules", new Reading.Text());
  private final Argument<Boolean> asRun = flag("--run");
  private final Argument<Long> seed = option("--seed", new Reading.WholeNumber());
  private final Argument<Precision> precision =
      option("--precision", Choice.of(new Precision[] {Precision.INT8, Precision.FP8}));
  private final OutputArguments output =
      with(new OutputArguments(Format.TABLE, Format.JSON, Format.CSV, Format.MARKDOWN));

  @Override
  int run(Console console) {
    if (seed.find().isPresent() && !asRun.get()) {
      throw new ModelException("--seed requires --run");
    }
    if (comparesAll() && asRun.get()) {
      throw new ModelException("--run does not support --convention all; choose one convention");
    }
    if (precision.find().isPresent() && asRun.get()) {
      throw new ModelException("--run counts the network as it is; omit --precision");
    }
    RuleFile file = rules.find().isPresent() ? RuleFile.read(rules.get()) : RuleFile.NONE;
    Convention chosen = Conventions.named(comparesAll() ? "flops" : convention.get());
    Model network = model.open();
    List<String> texts = new ArrayList<>();
    for (Bindings bindings : model.sweep()) {
      Graph graph = network.bind(bindings.withTypes(file.types()));
      texts.add(counted(network, graph, file.costs(), chosen));
    }
    output.write(joined(texts), console);
    return 0;
  }

  private Graph quantized(Graph graph) {
    DataType type =
        precision.find().isEmpty() ? null : precision.get().quantizedType().orElseThrow();
    return type == null || SyntheticQuantization.isQuantized(graph, type)
        ? graph
        : SyntheticQuantization.of(graph, type).uncalibrated(false);
  }

  /** Several sizes are several tables, one below the other, or one JSON array. */
  private String joined(List<String> texts) {
    if (texts.size() == 1) {
      return texts.get(0);
    }
    return output.format() == Format.JSON
        ? "[" + String.join(",", texts) + "]\n"
        : String.join("\n", texts);
  }

  private String counted(Model network, Graph graph, CostRules costs, Convention chosen) {
    try {
      return render(network, quantized(graph), costs, chosen);
    } catch (ModelException e) {
      throw e.at(model.name());
    }
  }

  private String render(Model network, Graph graph, CostRules costs, Convention chosen) {
    int depth = Math.toIntExact(this.depth.get());
    RunFacts facts = asRun.get() ? facts(graph) : null;
    Counts counts = count(network, graph, new Counter(costs, chosen), facts);
    if (comparesAll()) {
      ToolComparison comparison = ToolComparison.of(costs, network, graph);
      return switch (output.format()) {
        case JSON -> CountJson.write(counts, List.of(), comparison, depth);
        case CSV -> ConventionTable.csv(comparison);
        case MARKDOWN -> ConventionTable.markdown(comparison);
        default -> ConventionTable.render(comparison, style());
      };
    }
    List<Counts> companions = new ArrayList<>();
    for (Convention companion : chosen.companions()) {
      companions.add(count(network, graph, new Counter(costs, companion), facts));
    }
    CountTable table = new CountTable(counts, companions, depth);
    return switch (output.format()) {
      case JSON -> CountJson.write(counts, companions, null, depth);
      case CSV -> table.csv();
      case MARKDOWN -> table.markdown();
      default -> table.render(unit.get().orElse(null), style());
    };
  }

  private static Counts count(
      Model network, Graph graph, Counter counter, @Nullable RunFacts facts) {
    Counts bound = counter.count(network, graph);
    return facts == null ? bound : counter.count(bound.model(), graph, facts);
  }

  /** The facts of one run on the CPU, with PyTorch, which reports the shape of every value. */
  private RunFacts facts(Graph graph) {
    try (Backend backend = DjlBackend.open()) {
      Map<String, Tensor> inputs = RandomInputs.of(graph, seed.find().orElse(1L));
      return backend.facts(graph, inputs).orElseThrow();
    }
  }

  private boolean comparesAll() {
    return convention.get().equals(ALL);
  }

  private TerminalStyle style() {
    TerminalStyle plain =
        output.isFile()
            ? TerminalStyle.PLAIN
            : TerminalStyle.of(System.getenv(), Terminal.OUTPUT, Charset.defaultCharset(), true);
    return Terminal.OUTPUT.isTerminal() && !output.isFile()
        ? plain
        : new TerminalStyle(FILE_WIDTH, plain.colour(), plain.unicode(), true);
  }

  /** Names are only cut in a terminal. */
  private static final int FILE_WIDTH = 1000;
}
