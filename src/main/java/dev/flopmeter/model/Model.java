package dev.flopmeter.model;

import java.util.List;

/**
 * A network whose input shapes may still be open: read from a file or built in code. {@link #bind}
 * fixes them and gives the {@link Graph} that everything else works on.
 */
public interface Model {
  /** A short name: the built-in's, or the file's without its ending. */
  String name();

  /** Its source: {@code built-in}, or the file's path. */
  String source();

  /** The version of ONNX's own operator set that the model uses. */
  int opset();

  /** The inputs that a caller feeds, in order, without stored weights. */
  List<ValueInfo> inputs();

  /**
   * The graph for these input shapes, with all types inferred and everything that is computable
   * from constants folded.
   *
   * @throws ModelException if shapes are missing or do not fit
   */
  Graph bind(Bindings bindings);
}
