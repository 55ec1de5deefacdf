package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.decompose.Decompositions;
import dev.flopmeter.model.fold.Folder;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.TorchScriptModule.ScriptAction;
import dev.flopmeter.run.djl.kernel.Kernel;
import dev.flopmeter.run.djl.kernel.Kernels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A node whose kernel depends on shapes or values known only at run time. Each run treats the
 * inputs as constants, chooses the kernel and compiles it. Compiled kernels are cached, because
 * loops repeat the same shapes.
 */
final class LateAction implements Action {
  private static final int KEPT = 64;

  private final Node node;
  private final GraphScope scope;
  private final RunOptions options;
  private final TorchMemory memory;
  private final List<String> reads;
  private final Map<String, TorchScriptModule> compiled = new LinkedHashMap<>();
  private final Map<String, IValue> held = new HashMap<>();

  LateAction(Node node, GraphScope scope, RunOptions options, TorchMemory memory) {
    this.node = node;
    this.scope = scope;
    this.options = options;
    this.memory = memory;
    this.reads =
        node.inputs().stream()
            .filter(value -> !value.isEmpty() && scope.constant(value) == null)
            .distinct()
            .toList();
  }

  /** The constants that it reads, copied to PyTorch once, at the first run. */
  @Override
  public Memory use() {
    long weights =
        node.inputs().stream()
            .distinct()
            .map(scope::constant)
            .filter(Objects::nonNull)
            .mapToLong(constant -> constant.type().bytes())
            .sum();
    return new Memory(weights, 0, 0);
  }

  /** The names of the values to pass to {@link #run}. */
  List<String> reads() {
    return reads;
  }

  @Override
  public IValue[] run(IValue[] inputs) {
    Map<String, IValue> values = new HashMap<>();
    Map<String, TensorType> types = new HashMap<>();
    for (int i = 0; i < reads.size(); i++) {
      values.put(reads.get(i), inputs[i]);
      types.put(reads.get(i), memory.describe(inputs[i]));
    }
    Map<String, Tensor> fetched = new HashMap<>();
    Operands in =
        new Operands(
            node,
            value -> types.containsKey(value) ? types.get(value) : scope.type(value),
            value -> {
              IValue given = values.get(value);
              return given == null
                  ? scope.constant(value)
                  : fetched.computeIfAbsent(value, ignored -> memory.fetch(given));
            });
    try {
      Optional<List<TensorType>> outputs = outputs(in);
      if (outputs.isPresent()) {
        for (int i = 0; i < node.outputs().size() && i < outputs.get().size(); i++) {
          types.put(node.outputs().get(i), outputs.get().get(i));
        }
        Optional<List<Tensor>> folded = Folder.fold(in, outputs.get());
        if (folded.isPresent()) {
          return folded.get().stream().map(memory::place).toArray(IValue[]::new);
        }
      }
      return Kernels.has(node) ? run(Kernels.of(in), values) : runDecomposed(in, values);
    } catch (DataDependentException e) {
      throw new IllegalStateException(node.describe() + ": " + e.getMessage(), e);
    } catch (ModelException e) {
      throw e.at(node.describe());
    }
  }

  /** The operators that it is made up of, compiled for these very values. */
  private IValue[] runDecomposed(Operands in, Map<String, IValue> values) {
    Graph body = GraphCompiler.decomposed(in).orElseThrow(() -> Kernels.unsupported(node));
    try (CompiledGraph operators = GraphCompiler.of(body, options, memory)) {
      return operators.run(body.inputs().stream().map(values::get).toArray(IValue[]::new));
    }
  }

  private static Optional<List<TensorType>> outputs(Operands in) {
    try {
      return Decompositions.typeRule(in.node().qualifiedOp()).map(rule -> rule.infer(in));
    } catch (DataDependentException e) {
      return Optional.empty();
    }
  }

  private IValue[] run(Kernel kernel, Map<String, IValue> values) {
    ScriptSource functions = new ScriptSource();
    String function = functions.add(kernel);
    TorchScriptModule module = module(functions.source());
    List<IValue> own = new ArrayList<>();
    try {
      kernel.preparations().forEach(each -> own.add(run(each, values)[0]));
      kernel.tensors().forEach(each -> own.add(memory.place(each)));
      Stream<IValue> given = kernel.inputs().stream().map(input -> value(input, values));
      IValue[] arguments = Stream.concat(given, own.stream()).toArray(IValue[]::new);
      return new ScriptAction(module, function, kernel.outputs()).run(arguments);
    } finally {
      own.forEach(IValue::close);
    }
  }

  private IValue value(int input, Map<String, IValue> values) {
    String name = node.inputs().get(input);
    IValue given = values.get(name);
    if (given != null) {
      return given;
    }
    Tensor constant = scope.constant(name);
    if (constant == null) {
      throw new IllegalStateException("no value '" + name + "'");
    }
    return held.computeIfAbsent(name, ignored -> memory.place(constant));
  }

  private TorchScriptModule module(String source) {
    TorchScriptModule known = compiled.remove(source);
    TorchScriptModule module =
        known == null ? TorchScriptModule.compile(memory.manager(), source) : known;
    compiled.put(source, module);
    if (compiled.size() > KEPT) {
      Iterator<TorchScriptModule> oldest = compiled.values().iterator();
      oldest.next().close();
      oldest.remove();
    }
    return module;
  }

  @Override
  public void close() {
    compiled.values().forEach(TorchScriptModule::close);
    compiled.clear();
    held.values().forEach(IValue::close);
    held.clear();
  }
}
