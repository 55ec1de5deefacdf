package dev.flopmeter.run.djl;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.ProfileResult.Memory;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A graph as a list of instructions over numbered slots, so that no name is looked up during a run.
 * A value is freed as soon as its last reader has finished.
 */
final class CompiledGraph implements Action {
  private final TorchMemory memory;
  private final List<Instruction> instructions;
  private final @Nullable IValue[] constants;
  private final int[] inputs;
  private final int[] outputs;
  private final Memory use;
  private final TorchScriptModule module;
  private final List<IValue> held;
  private final RunWatch.@Nullable Watched watched;
  private final List<String> notes = new ArrayList<>();
  private @Nullable Action whole;

  /**
   * @param constants by slot, null for a slot that is not constant; closed with it
   * @param inputs slots of the inputs; -1 for an unused input
   * @param outputs slots of the outputs
   * @param module the compiled functions, closed with it
   * @param whole all instructions as one call of the inputs that are used and a list of the
   *     constants; null if they are more than calls
   * @param watched what is noted of its runs; null for nothing
   */
  CompiledGraph(
      TorchMemory memory,
      List<Instruction> instructions,
      @Nullable IValue[] constants,
      int[] inputs,
      int[] outputs,
      Memory use,
      TorchScriptModule module,
      @Nullable Action whole,
      RunWatch.@Nullable Watched watched) {
    this.memory = memory;
    this.instructions = List.copyOf(instructions);
    this.constants = constants;
    this.inputs = inputs;
    this.outputs = outputs;
    this.use = use;
    this.module = module;
    this.whole = whole;
    IValue[] held = Arrays.stream(constants).filter(Objects::nonNull).toArray(IValue[]::new);
    this.held = held.length == 0 ? List.of() : List.of(IValue.listFrom(held));
    this.watched = watched;
  }

  List<Step> steps() {
    return instructions.stream().map(Instruction::step).toList();
  }

  @Override
  public Memory use() {
    return use;
  }

  /**
   * A step of a compiled graph with its slots.
   *
   * @param reads slots of its inputs
   * @param writes slots of its outputs; -1 for an unused output
   * @param dies slots whose values are not read again
   */
  @SuppressWarnings("ArrayRecordComponent") // read in the hot loop, never compared
  record Instruction(Step step, Action action, int[] reads, int[] writes, int[] dies) {}

  /** Runs all instructions: in one call where they are but calls, otherwise step by step. */
  @Override
  public IValue[] run(IValue[] fed) {
    if (whole == null) {
      return run(fed, null);
    }
    Stream<IValue> used =
        IntStream.range(0, fed.length).filter(i -> inputs[i] >= 0).mapToObj(i -> fed[i]);
    try {
      return whole.run(Stream.concat(used, held.stream()).toArray(IValue[]::new));
    } catch (EngineException e) {
      IValue[] results = run(fed, null); // shows which of them fails
      whole = null;
      notes.add(
          "PyTorch cannot run the network in one call, so each pass ran step by step: "
              + TorchScriptModule.oneLine(e));
      return results;
    }
  }

  /** Whether a run is one call of PyTorch. */
  boolean isOneCall() {
    return whole != null;
  }

  /** What a reader of the times of its runs must know. */
  List<String> notes() {
    return List.copyOf(notes);
  }

  /**
   * Runs all instructions, one after the other.
   *
   * @param fed the inputs, owned by the caller
   * @param ends receives the time after each instruction, in nanoseconds; null to measure nothing
   * @return new handles on the outputs; the caller closes them
   * @throws BackendException if PyTorch fails; it names the node
   */
  IValue[] run(IValue[] fed, long @Nullable [] ends) {
    @Nullable IValue[] slots = constants.clone();
    for (int i = 0; i < inputs.length; i++) {
      if (inputs[i] >= 0) {
        slots[inputs[i]] = fed[i];
      }
    }
    int done = 0;
    if (watched != null) {
      watched.watch().start();
      watched.see(inputs, slots);
    }
    try {
      for (; done < instructions.size(); done++) {
        execute(instructions.get(done), slots);
        if (watched != null) {
          watched.see(instructions.get(done).writes(), slots);
        }
        if (ends != null) {
          ends[done] = System.nanoTime();
        }
      }
      return results(slots);
    } catch (EngineException e) {
      Step step = instructions.get(done).step();
      throw TorchScriptModule.failure(step.name(), step.op(), e);
    } finally {
      if (watched != null) {
        watched.watch().end();
      }
      for (Instruction instruction : instructions) {
        closeAll(slots, instruction.writes());
      }
    }
  }

  private static void execute(Instruction instruction, @Nullable IValue[] slots) {
    int[] reads = instruction.reads();
    IValue[] arguments = new IValue[reads.length];
    for (int i = 0; i < reads.length; i++) {
      IValue value = slots[reads[i]];
      if (value == null) {
        throw new ModelException(
            "node '" + instruction.step().name() + "': an input was never computed");
      }
      arguments[i] = value;
    }
    IValue[] results = instruction.action().run(arguments);
    int[] writes = instruction.writes();
    for (int i = 0; i < results.length; i++) {
      if (i < writes.length && writes[i] >= 0) {
        slots[writes[i]] = results[i];
      } else {
        results[i].close();
      }
    }
    closeAll(slots, instruction.dies());
  }

  private static void closeAll(@Nullable IValue[] slots, int[] which) {
    for (int slot : which) {
      if (slot >= 0) {
        IValue value = slots[slot];
        if (value != null) {
          value.close();
          slots[slot] = null;
        }
      }
    }
  }

  private IValue[] results(@Nullable IValue[] slots) {
    IValue[] results = new IValue[outputs.length];
    for (int i = 0; i < outputs.length; i++) {
      IValue value = slots[outputs[i]];
      if (value == null) {
        throw new ModelException("output " + i + " was never computed");
      }
      results[i] = memory.share(value);
    }
    return results;
  }

  @Override
  public void close() {
    held.forEach(IValue::close);
    Arrays.stream(constants).filter(Objects::nonNull).forEach(IValue::close);
    instructions.forEach(instruction -> instruction.action().close());
    module.close();
  }
}
