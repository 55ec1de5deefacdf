package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.result.Precision;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.ComputedOtherwise;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.Step;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A graph made ready for the CPU. */
final class DjlPlan implements Plan {
  private static final IValue[] NOTHING = {};

  private final Graph graph;
  private final TorchMemory memory;
  private final CompiledGraph compiled;
  private IValue[] loaded = NOTHING;

  DjlPlan(Graph graph, TorchMemory memory, CompiledGraph compiled) {
    this.graph = graph;
    this.memory = memory;
    this.compiled = compiled;
  }

  @Override
  public List<Step> steps() {
    return compiled.steps();
  }

  @Override
  public List<String> notes() {
    return Stream.of(ComputedOtherwise.notes(graph, 0, Precision.FP32), compiled.notes())
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public Memory memory() {
    return compiled.use();
  }

  @Override
  public Map<String, Tensor> run(Map<String, Tensor> inputs) {
    load(inputs);
    IValue[] results = compiled.run(loaded);
    try {
      Map<String, Tensor> outputs = new LinkedHashMap<>();
      for (int i = 0; i < results.length; i++) {
        String name = graph.outputs().get(i);
        TensorType found = memory.describe(results[i]);
        TensorType declared = graph.types().getOrDefault(name, found);
        outputs.put(name, memory.fetch(results[i], found.withType(declared.type())));
      }
      return outputs;
    } finally {
      closeAll(results);
    }
  }

  @Override
  public void load(Map<String, Tensor> inputs) {
    requireFitting(inputs);
    List<Tensor> tensors =
        graph.inputs().stream()
            .map(name -> Optional.ofNullable(inputs.get(name)).orElseGet(() -> known(name)))
            .toList();
    closeAll(loaded);
    loaded = NOTHING;
    loaded = tensors.stream().map(memory::place).toArray(IValue[]::new);
  }

  private Tensor known(String input) {
    return graph
        .constant(input)
        .orElseThrow(() -> new ModelException("the input '" + input + "' is missing"));
  }

  private void requireFitting(Map<String, Tensor> inputs) {
    inputs.forEach(
        (name, tensor) -> {
          if (!graph.inputs().contains(name)) {
            throw new ModelException(
                "there is no input '%s'; the inputs are %s"
                    .formatted(name, String.join(", ", graph.inputs())));
          }
          TensorType expected = graph.types().get(name);
          if (expected != null && !expected.equals(tensor.type())) {
            throw new ModelException(
                "the input '%s' must be %s, not %s".formatted(name, expected, tensor.type()));
          }
        });
  }

  @Override
  public double timePass() {
    requireLoaded();
    long start = System.nanoTime();
    IValue[] results = compiled.run(loaded);
    long end = System.nanoTime();
    closeAll(results);
    return (end - start) * 1e-9;
  }

  @Override
  public double[] timeSteps() {
    requireLoaded();
    long[] ends = new long[compiled.steps().size()];
    long start = System.nanoTime();
    closeAll(compiled.run(loaded, ends));
    double[] seconds = new double[ends.length];
    for (int i = 0; i < ends.length; i++) {
      seconds[i] = (ends[i] - (i == 0 ? start : ends[i - 1])) * 1e-9;
    }
    return seconds;
  }

  private void requireLoaded() {
    if (loaded.length < graph.inputs().size()) {
      throw new IllegalStateException("load the inputs first");
    }
  }

  private static void closeAll(IValue[] values) {
    Arrays.stream(values).forEach(IValue::close);
  }

  @Override
  public void close() {
    closeAll(loaded);
    loaded = NOTHING;
    compiled.close();
  }
}
