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
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.MemoryUse;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.Step;
import dev.flopmeter.run.djl.CompiledGraph.Instruction;
import dev.flopmeter.run.djl.RunWatch.Watched;
import dev.flopmeter.run.djl.TorchFusion.Task;
import dev.flopmeter.run.djl.TorchScriptModule.ScriptAction;
import dev.flopmeter.run.djl.kernel.Kernel;
import dev.flopmeter.run.djl.kernel.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
   * @param function the function that it calls; null where {@code action} does more
   * @param writes for a function one slot for each of its results
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Draft(
      Step step, @Nullable String function, @Nullable Action action, int[] reads, int[] writes) {
    Action action(TorchScriptModule module) {
      return action == null
          ? new ScriptAction(module, String.valueOf(function), writes.length)
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
    int[] results = graph.outputs().stream().mapToInt(this::slotOf).toArray();
    int[] fed = new int[graph.inputs().size() + captures.size()];
    for (int i = 0; i < fed.length; i++) {
      String value =
          i < graph.inputs().size()
              ? graph.inputs().get(i)
              : captures.get(i - graph.inputs().size());
      fed[i] = scope.constant(value) == null ? slots.getOrDefault(value, -1) : -1;
    }
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
    } catch (dev.flopmeter.run.UnsupportedOperatorException e) {
      throw e;
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
    int[] writes = Arrays.copyOf(writes(task), kernel.outputs());
    Arrays.fill(writes, Math.min(task.outputs().size(), writes.length), writes.length, -1);
    drafts.add(new Draft(step, functions.add(kernel), null, array(reads), writes));
  }

  /** A graph on its own, compiled. */
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
    int[] slots = reads.stream().mapToInt(this::slotOf).toArray();
    drafts.add(new Draft(step(task, algorithm, null), null, action, slots, writes(task)));
  }

  private static Step step(Task task, String algorithm, @Nullable String layout) {
    return new Step(
        task.main().name(),
        task.fused().op(),
        task.fused().nodes().stream().map(Node::name).toList(),
        new KernelInfo(algorithm, layout, null, null));
  }

  private int[] writes(Task task) {
    return task.outputs().stream()
        .mapToInt(value -> value.isEmpty() ? -1 : newSlot(value))
        .toArray();
  }

  private static int[] array(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
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

  private CompiledGraph finish(int[] fed, int[] results) {
    String whole =
        watch == null && drafts.size() > 1 && isOneCall(fed, results) ? whole(fed, results) : null;
    TorchScriptModule module = TorchScriptModule.compile(memory.manager(), functions.source());
    @Nullable IValue[] constants = new IValue[slots.size()];
    placed.forEach((value, tensor) -> constants[newSlot(value)] = memory.place(tensor));
    for (Preparation preparation : preparations) {
      constants[preparation.slot()] = prepared(module, preparation);
    }
    Set<Integer> kept = new HashSet<>();
    IntStream.of(results).forEach(kept::add);
    IntStream.of(fed).forEach(kept::add);
    IntStream.range(0, constants.length).filter(i -> constants[i] != null).forEach(kept::add);
    List<Instruction> instructions = withDeaths(module, kept);
    return new CompiledGraph(
        memory,
        instructions,
        constants,
        fed,
        results,
        use(instructions),
        module,
        whole == null ? null : new ScriptAction(module, whole, results.length),
        watch == null ? null : Watched.of(watch, scope, slots));
  }

  /** The slots of all constants, ascending. */
  private int[] constants() {
    return IntStream.concat(
            placed.keySet().stream().mapToInt(this::newSlot),
            preparations.stream().mapToInt(Preparation::slot))
        .sorted()
        .toArray();
  }

  /** Whether all drafts are calls of functions, each of what is known before it. */
  private boolean isOneCall(int[] fed, int[] results) {
    Set<Integer> known = new HashSet<>();
    IntStream.of(fed).forEach(known::add);
    IntStream.of(constants()).forEach(known::add);
    for (Draft draft : drafts) {
      if (draft.function() == null || !IntStream.of(draft.reads()).allMatch(known::contains)) {
        return false;
      }
      IntStream.of(draft.writes()).forEach(known::add);
    }
    return results.length > 0 && IntStream.of(results).allMatch(known::contains);
  }

  /** All drafts as one function of the inputs that are read and a list of the constants. */
  private String whole(int[] fed, int[] results) {
    String inputs =
        IntStream.of(fed)
            .filter(slot -> slot >= 0)
            .mapToObj(", s%s: Tensor"::formatted)
            .collect(Collectors.joining());
    List<String> lines = new ArrayList<>();
    if (constants().length > 0) {
      inputs += ", held: List[Tensor]";
      lines.add(names(constants()) + ", = held");
    }
    for (Draft draft : drafts) {
      String call = "(self).%s(%s)".formatted(draft.function(), names(draft.reads()));
      lines.add(names(draft.writes()) + " = " + call);
    }
    lines.add("return " + names(results));
    return functions.add(inputs, results.length, lines);
  }

  /** The variables of slots, separated by commas; {@code _} for a slot that does not exist. */
  private static String names(int[] slots) {
    return IntStream.of(slots)
        .mapToObj(slot -> slot < 0 ? "_" : "s" + slot)
        .collect(Collectors.joining(", "));
  }

  private IValue prepared(TorchScriptModule module, Preparation preparation) {
    IValue[] arguments = new IValue[preparation.from().size()];
    Map<String, IValue> temporary = new HashMap<>();
    for (int i = 0; i < arguments.length; i++) {
      String value = preparation.from().get(i);
      Tensor tensor = scope.constant(value);
      if (tensor == null) {
        throw new IllegalStateException("only constants are prepared: " + value);
      }
      arguments[i] = temporary.computeIfAbsent(value, ignored -> memory.place(tensor));
    }
    try {
      return module.call(preparation.function(), arguments);
    } catch (EngineException e) {
      throw TorchScriptModule.failure(preparation.node().name(), preparation.node().op(), e);
    } finally {
      temporary.values().forEach(IValue::close);
    }
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
      int[] writes = draft.writes().clone();
      for (int k = 0; k < writes.length; k++) {
        writes[k] = watch != null || read.contains(writes[k]) ? writes[k] : -1;
      }
      instructions[i] =
          new Instruction(
              draft.step(), draft.action(module), draft.reads(), writes, array(List.copyOf(dying)));
    }
    return List.of(instructions);
  }

  /** The bytes of the weights, and the largest total of the activations alive at the same time. */
  private MemoryUse use(List<Instruction> instructions) {
    long weights = 0;
    for (Tensor tensor : placed.values()) {
      weights += tensor.type().bytes();
    }
    Set<String> prepared = new HashSet<>();
    preparations.forEach(preparation -> prepared.addAll(preparation.from()));
    for (String value : prepared) {
      Tensor tensor = scope.constant(value);
      weights += tensor == null ? 0 : tensor.type().bytes();
    }
    List<String> names = List.copyOf(slots.keySet());
    for (Instruction instruction : instructions) {
      weights += instruction.action().use().weights();
    }
    long live = 0;
    for (String input : scope.graph().inputs()) {
      live += bytes(input);
    }
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
    return new MemoryUse(weights, most, 0);
  }

  private long bytes(String value) {
    TensorType type = scope.type(value);
    return type == null ? 0 : type.bytes();
  }
}
