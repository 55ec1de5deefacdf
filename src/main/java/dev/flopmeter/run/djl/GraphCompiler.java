package dev.flopmeter.run.djl;

import ai.djl.engine.EngineException;
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
import dev.flopmeter.model.decompose.UnsupportedFormException;
import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.djl.CompiledGraph.Instruction;
import dev.flopmeter.run.djl.RunWatch.Watched;
import dev.flopmeter.run.djl.TorchFusion.Task;
import dev.flopmeter.run.djl.TorchScriptModule.ScriptAction;
import dev.flopmeter.run.djl.kernel.Kernel;
import dev.flopmeter.run.djl.kernel.Kernels;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds the {@link CompiledGraph} of a graph: chooses and compiles kernels, copies the weights.
 */
final class GraphCompiler {
  private final GraphScope scope;
  private final RunOptions options;
  private final TorchMemory memory;
  private final List<String> captures;
  private final @Nullable RunWatch watch;

  private final ScriptSource functions = new ScriptSource();
  private final Map<String, Integer> slots = new LinkedHashMap<>();
  private final Map<String, Tensor> placed = new LinkedHashMap<>();
  private final List<Draft> drafts = new ArrayList<>();
  private final List<Preparation> preparations = new ArrayList<>();

  /**
   * @param captures values of enclosing graphs that it reads, passed after its inputs
   * @param watch notes what its runs show; null for none
   */
  GraphCompiler(
      GraphScope scope,
      List<String> captures,
      RunOptions options,
      TorchMemory memory,
      @Nullable RunWatch watch) {
    this.scope = scope;
    this.captures = List.copyOf(captures);
    this.options = options;
    this.memory = memory;
    this.watch = watch;
  }

  /**
   * An instruction before its function is compiled.
   *
   * @param function the function that it calls; null if {@code action} does more
   * @param reads slots of its inputs
   * @param writes slots of its outputs, -1 for an unused one; for a function one for each result
   */
  private record Draft(
      Step step,
      @Nullable String function,
      @Nullable Action action,
      List<Integer> reads,
      List<Integer> writes) {
    Action action(TorchScriptModule module) {
      return action == null
          ? new ScriptAction(module, String.valueOf(function), writes.size())
          : action;
    }
  }

  /** A constant computed once from constants: a weight in the layout that the kernel requires. */
  private record Preparation(int slot, String function, List<String> from, Node node) {}

  /**
   * The compiled graph.
   *
   * @throws dev.flopmeter.run.UnsupportedOperatorException if a node has no kernel
   */
  CompiledGraph build() {
    Graph graph = scope.graph();
    List<Task> tasks =
        options.fuse()
            ? TorchFusion.tasks(scope, options)
            : graph.nodes().stream().map(Task::of).toList();
    tasks.forEach(this::draft);
    // Before the inputs: an input that is also an output may have no other reader.
    List<Integer> results = slotsOf(graph.outputs());
    List<Integer> fed =
        Stream.of(graph.inputs(), captures)
            .flatMap(List::stream)
            .map(value -> scope.constant(value) == null ? slots.getOrDefault(value, -1) : -1)
            .toList();
    return finish(fed, results);
  }

  private void draft(Task task) {
    if (BodyAction.runs(task.main())) {
      BodyAction bodies = new BodyAction(task.main(), scope, options, memory, watch);
      draft(task, "control flow", bodies, bodies.reads());
      return;
    }
    Kernel kernel;
    try {
      if (task.kernel() == null && !Kernels.has(task.main())) {
        Optional<Graph> body = decomposed(scope.operands(task.main()));
        if (body.isPresent()) {
          draft(task, "decomposed", of(body.get(), options, memory), body.get().inputs());
          return;
        }
      }
      kernel = task.kernel() == null ? Kernels.of(scope.operands(task.main())) : task.kernel();
      kernel = options.layout() == Layout.NCHW ? kernel.anyLayout() : kernel;
    } catch (DataDependentException e) {
      LateAction late = new LateAction(task.main(), scope, options, memory);
      draft(task, "chosen at run time", late, late.reads());
      return;
    } catch (ModelException e) {
      throw e.at(task.main().describe());
    }
    List<Integer> reads = new ArrayList<>();
    kernel.inputs().forEach(input -> reads.add(slotOf(task.inputs().get(input))));
    kernel.preparations().forEach(preparation -> reads.add(prepare(task, preparation)));
    for (Tensor tensor : kernel.tensors()) {
      reads.add(slotOf(task.main().name() + "/c" + reads.size(), tensor));
    }
    Step step = step(task, kernel.algorithm(), kernel.layout());
    List<Integer> writes =
        Stream.concat(writes(task).stream(), Stream.generate(() -> -1))
            .limit(kernel.outputs())
            .toList();
    drafts.add(new Draft(step, functions.add(kernel), null, reads, writes));
  }

  static CompiledGraph of(Graph graph, RunOptions options, TorchMemory memory) {
    return new GraphCompiler(GraphScope.of(graph), List.of(), options, memory, null).build();
  }

  /**
   * The operators that {@code in}'s node is made up of, if it is.
   *
   * @throws dev.flopmeter.run.UnsupportedOperatorException if that does not cover its form
   */
  static Optional<Graph> decomposed(Operands in) {
    try {
      return Decompositions.of(in);
    } catch (UnsupportedFormException e) {
      throw Kernels.unsupported(in, String.valueOf(e.getMessage()));
    }
  }

  private int prepare(Task task, Kernel preparation) {
    List<String> from =
        preparation.inputs().stream().map(input -> task.inputs().get(input)).toList();
    String function = functions.add(preparation);
    String key = function + from;
    Integer known = slots.get(key);
    if (known != null) {
      return known;
    }
    int slot = newSlot(key);
    preparations.add(new Preparation(slot, function, from, task.main()));
    return slot;
  }

  private void draft(Task task, String algorithm, Action action, List<String> reads) {
    Step step = step(task, algorithm, null);
    drafts.add(new Draft(step, null, action, slotsOf(reads), writes(task)));
  }

  private static Step step(Task task, String algorithm, @Nullable String layout) {
    return new Step(
        task.main().name(),
        task.fused().op(),
        task.fused().nodes().stream().map(Node::name).toList(),
        new KernelInfo(algorithm, layout, null, null));
  }

  private List<Integer> writes(Task task) {
    return task.outputs().stream().map(value -> value.isEmpty() ? -1 : newSlot(value)).toList();
  }

  private static int[] array(Collection<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  private List<Integer> slotsOf(List<String> values) {
    return values.stream().map(this::slotOf).toList();
  }

  private int slotOf(String value) {
    Tensor constant = scope.constant(value);
    return constant == null ? newSlot(value) : slotOf(value, constant);
  }

  private int slotOf(String value, Tensor constant) {
    placed.putIfAbsent(value, constant);
    return newSlot(value);
  }

  private int newSlot(String value) {
    return slots.computeIfAbsent(value, ignored -> slots.size());
  }

  private CompiledGraph finish(List<Integer> fed, List<Integer> results) {
    List<Integer> known = new ArrayList<>();
    placed.keySet().forEach(value -> known.add(newSlot(value)));
    preparations.forEach(preparation -> known.add(preparation.slot()));
    Collections.sort(known);
    String whole = watch == null && drafts.size() > 1 ? whole(fed, known, results) : null;
    TorchScriptModule module = TorchScriptModule.compile(memory.manager(), functions.source());
    @Nullable IValue[] constants = new IValue[slots.size()];
    placed.forEach((value, tensor) -> constants[newSlot(value)] = memory.place(tensor));
    for (Preparation preparation : preparations) {
      constants[preparation.slot()] = prepared(module, preparation);
    }
    Set<Integer> kept = new HashSet<>(known);
    kept.addAll(results);
    kept.addAll(fed);
    List<Instruction> instructions = withDeaths(module, kept);
    return new CompiledGraph(
        memory,
        instructions,
        constants,
        array(fed),
        array(results),
        use(instructions),
        module,
        whole == null ? null : new ScriptAction(module, whole, results.size()),
        watch == null ? null : Watched.of(watch, scope, slots.keySet()));
  }

  /**
   * All drafts as one function of the inputs that are read and a list of the constants; null if
   * they are more than calls of functions, each of what is known before it.
   */
  private @Nullable String whole(List<Integer> fed, List<Integer> held, List<Integer> results) {
    Set<Integer> known = new HashSet<>(fed);
    known.addAll(held);
    List<String> lines = new ArrayList<>();
    if (!held.isEmpty()) {
      lines.add(names(held) + ", = held");
    }
    for (Draft draft : drafts) {
      if (draft.function() == null || !known.containsAll(draft.reads())) {
        return null;
      }
      known.addAll(draft.writes());
      String call = "(self).%s(%s)".formatted(draft.function(), names(draft.reads()));
      lines.add(names(draft.writes()) + " = " + call);
    }
    if (results.isEmpty() || !known.containsAll(results)) {
      return null;
    }
    lines.add("return " + names(results));
    String inputs =
        fed.stream()
            .filter(slot -> slot >= 0)
            .map(", s%s: Tensor"::formatted)
            .collect(Collectors.joining());
    String parameters = inputs + (held.isEmpty() ? "" : ", held: List[Tensor]");
    return functions.add(parameters, results.size(), lines);
  }

  /** The variables of slots, separated by commas; {@code _} for a slot that does not exist. */
  private static String names(List<Integer> slots) {
    return slots.stream()
        .map(slot -> slot < 0 ? "_" : "s" + slot)
        .collect(Collectors.joining(", "));
  }

  private IValue prepared(TorchScriptModule module, Preparation preparation) {
    IValue[] arguments = new IValue[preparation.from().size()];
    Map<String, IValue> temporary = new HashMap<>();
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = temporary.computeIfAbsent(preparation.from().get(i), this::placed);
    }
    try {
      return module.call(preparation.function(), arguments);
    } catch (EngineException e) {
      throw TorchScriptModule.failure(preparation.node().name(), preparation.node().op(), e);
    } finally {
      temporary.values().forEach(IValue::close);
    }
  }

  private IValue placed(String constant) {
    return memory.place(Objects.requireNonNull(scope.constant(constant), constant));
  }

  /** Goes through the drafts backwards: the first reader found is the last one to run. */
  private List<Instruction> withDeaths(TorchScriptModule module, Set<Integer> kept) {
    Set<Integer> read = new HashSet<>(kept);
    Instruction[] instructions = new Instruction[drafts.size()];
    for (int i = instructions.length - 1; i >= 0; i--) {
      Draft draft = drafts.get(i);
      Set<Integer> dying = new LinkedHashSet<>();
      for (int slot : draft.reads()) {
        if (read.add(slot)) {
          dying.add(slot);
        }
      }
      int[] writes = array(draft.writes());
      for (int k = 0; k < writes.length; k++) {
        writes[k] = watch != null || read.contains(writes[k]) ? writes[k] : -1;
      }
      instructions[i] =
          new Instruction(
              draft.step(), draft.action(module), array(draft.reads()), writes, array(dying));
    }
    return List.of(instructions);
  }

  /** The bytes of the weights, and the largest total of the activations alive at the same time. */
  private Memory use(List<Instruction> instructions) {
    Stream<Tensor> prepared =
        preparations.stream()
            .flatMap(each -> each.from().stream())
            .distinct()
            .map(scope::constant)
            .filter(Objects::nonNull);
    long weights =
        Stream.concat(placed.values().stream(), prepared)
            .mapToLong(tensor -> tensor.type().bytes())
            .sum();
    List<String> names = List.copyOf(slots.keySet());
    for (Instruction instruction : instructions) {
      weights += instruction.action().use().weights();
    }
    long live = scope.graph().inputs().stream().mapToLong(this::bytes).sum();
    long most = live;
    for (Instruction instruction : instructions) {
      for (int slot : instruction.writes()) {
        live += slot < 0 ? 0 : bytes(names.get(slot));
      }
      most = Math.max(most, live + instruction.action().use().activations());
      for (int slot : instruction.dies()) {
        live -= bytes(names.get(slot));
      }
    }
    return new Memory(weights, most, 0);
  }

  private long bytes(String value) {
    TensorType type = scope.type(value);
    return type == null ? 0 : type.bytes();
  }
}
