package dev.flopmeter.run.djl;

import ai.djl.pytorch.jni.IValue;

/**
 * One call of a compiled function.
 *
 * @param outputs the number of tensors returned; more than one are returned as a tuple
 */
record ScriptAction(ScriptModule module, String function, int outputs) implements Action {
  @Override
  public IValue[] run(IValue[] inputs) {
    IValue result = module.call(function, inputs);
    if (outputs == 1) {
      return new IValue[] {result};
    }
    try (result) {
      return result.toIValueTuple();
    }
  }
}
