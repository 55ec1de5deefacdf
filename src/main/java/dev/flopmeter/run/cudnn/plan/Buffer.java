package dev.flopmeter.run.cudnn.plan;

import dev.flopmeter.model.Tensor;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Device memory that holds values. Buffers of activations share one arena by their lifetimes; those
 * with a content are constants, filled once.
 */
public final class Buffer {
  /** Writes a constant's elements in the order in which they are stored. */
  public interface Content {
    void write(Sink out);
  }

  /** Takes elements one by one, or all of a tensor with all digits of its integers. */
  public interface Sink extends DoubleConsumer {
    void accept(Tensor tensor);
  }

  private final String name;
  private final long bytes;
  private final @Nullable Content content;
  private final ElementType storage;

  private Buffer(String name, long elements, ElementType storage, @Nullable Content content) {
    this.name = name;
    this.bytes = Math.multiplyExact(elements, storage.bytes());
    this.storage = storage;
    this.content = content;
  }

  public static Buffer activation(String name, long elements, ElementType storage) {
    return new Buffer(name, elements, storage, null);
  }

  public static Buffer constant(String name, long elements, ElementType storage, Content content) {
    return new Buffer(name, elements, storage, content);
  }

  public String name() {
    return name;
  }

  public long bytes() {
    return bytes;
  }

  public ElementType storage() {
    return storage;
  }

  public boolean isConstant() {
    return content != null;
  }

  public @Nullable Content content() {
    return content;
  }

  @Override
  public String toString() {
    return name + " (" + bytes + " bytes)";
  }
}
