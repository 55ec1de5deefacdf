package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.GraphScope;
import dev.flopmeter.run.MemoryUse;
import dev.flopmeter.run.RunOptions;
import java.util.List;

/** An operator that is made up of others: they run as a program of their own. */
final class DecomposedAction implements Action {
  private final Graph body;
  private final Program program;

  DecomposedAction(Graph body, RunOptions options, TorchMemory memory) {
    this.body = body;
    this.program = new ProgramBuilder(GraphScope.of(body), List.of(), options, memory).build();
  }

  /** The values it is to be given. */
  List<String> reads() {
    return body.inputs();
  }

  @Override
  public IValue[] run(IValue[] inputs) {
    return program.run(inputs, null);
  }

  @Override
  public MemoryUse use() {
    return program.use();
  }

  @Override
  public void close() {
    program.close();
  }
}
