package dev.flopmeter.cli;

import dev.flopmeter.measure.BackendReference;
import dev.flopmeter.measure.QuantizedNetwork;
import dev.flopmeter.measure.RandomInputs;
import dev.flopmeter.measure.Turns;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** One side of a comparison by turns: a network and its options, as for {@code profile}. */
final class TurnSide extends Arguments {
  private final ModelArguments model = with(new ModelArguments(false));
  private final BackendArguments device = with(new BackendArguments());

  /** The options that both sides have, without the network. */
  static TurnSide options() {
    TurnSide options = new TurnSide();
    options.declared().removeIf(argument -> !argument.form().isOption());
    return options;
  }

  /** The options as given, one word each. */
  List<String> words() {
    List<String> words = new ArrayList<>();
    for (Argument<?> argument : declared()) {
      if (argument.form().isOption()) {
        argument.words().forEach(value -> words.add(argument.name() + "=" + value));
      }
    }
    return words;
  }

  /**
   * Reads a side.
   *
   * @param name {@code BASE} or {@code NEW}
   * @param text a network, and options after it
   * @param common options of both sides; those of the text come after them
   */
  static TurnSide read(String name, String text, List<String> common) {
    TurnSide side = new TurnSide();
    List<String> words = new ArrayList<>(common);
    boolean isFile = Files.exists(ModelArguments.path(text));
    words.addAll(isFile ? List.of(text) : List.of(text.trim().split("\\s+")));
    CommandSpec spec = CommandSpec.create().name("flopmeter profile").interpolateVariables(false);
    PicocliArguments arguments = PicocliArguments.of(side.declared(), spec);
    CommandLine line = new CommandLine(spec).setOverwrittenOptionsAllowed(true);
    try {
      line.parseArgs(words.toArray(String[]::new));
      arguments.set();
    } catch (ParameterException e) {
      throw new ModelException(name + " '" + text + "': " + Main.refusal(e), e);
    }
    boolean isOne = side.model.sweep().size() == 1 && side.device.precisions().size() == 1;
    if (!isOne || side.device.isComparison()) {
      throw new ModelException(
          name + " '" + text + "': must be one case, not several batches, precisions or backends");
    }
    return side;
  }

  /** A network that is ready to run, with its description. */
  record Ready(Turns.Side side, Backend backend, Plan plan) implements AutoCloseable {
    @Override
    public void close() {
      try (backend;
          plan) {
        // Closes both.
      }
    }
  }

  /** Opens the backend and prepares the network. */
  Ready prepare(long seed) {
    Model opened = model.open();
    Graph bound = opened.bind(model.sweep().get(0));
    bound.requireValues();
    Precision precision = device.precisions().get(0);
    QuantizedNetwork.require(bound, precision);
    Backend backend = device.openFor(bound, ProfileCommand.source(opened)).get(0);
    try {
      if (backend.device().isEmulated()) {
        throw new ModelException(
            backend.device().id() + " is emulated: its times are not valid and cannot be compared");
      }
      QuantizedNetwork network =
          QuantizedNetwork.of(bound, precision, new BackendReference(backend, false), seed);
      Graph graph = network.graph();
      Plan plan =
          backend.prepare(
              graph,
              device
                  .options(precision)
                  .withSource(network.isSynthetic() ? null : ProfileCommand.source(opened)));
      plan.load(RandomInputs.of(graph, seed));
      return new Ready(
          new Turns.Side(opened.name(), backend.name(), backend.device(), precision, graph.batch()),
          backend,
          plan);
    } catch (RuntimeException e) {
      try (backend) { // what closing adds is attached
        throw e;
      }
    }
  }
}
