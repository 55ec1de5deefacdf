package dev.flopmeter.model;

/**
 * Keys of node metadata that say which PyTorch call a node stands for. With them, counting tools
 * that hook modules or functions can be reproduced exactly. Built-in networks have them.
 */
public final class TorchOrigin {
  private TorchOrigin() {}

  /**
   * The class of the innermost module, such as {@code Conv2d}; empty inside of a plain function.
   */
  public static final String MODULE = "torch.module";

  /**
   * The function of {@code torch.nn.functional} or the operator that ran, such as {@code relu};
   * empty if several nodes stand for one call and another node has it.
   */
  public static final String FUNCTION = "torch.function";

  /** The module's path where several nodes call one module object. */
  public static final String INSTANCE = "torch.instance";

  /** The name of an input that is a stored constant but was not learned. */
  public static final String BUFFER = "torch.buffer";

  /** Marks a node that computes only from learned values and must not be folded into a constant. */
  public static final String KEEP = "torch.keep";
}
