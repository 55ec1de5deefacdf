package dev.flopmeter.run.cudnn.plan;

import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of device memory that values lie in. Blocks of activations share one arena by their
 * lifetimes; those with a content are constants, filled once.
 */
public final class Block {
  /** Gives a constant's elements in the order in which they lie in memory. */
  public interface Content {
    void write(DoubleConsumer out);
  }

  private final String name;
  private final long bytes;
  private final @Nullable Content content;
  private final Storage storage;

  private Block(String name, long bytes, Storage storage, @Nullable Content content) {
    this.name = name;
    this.bytes = bytes;
    this.storage = storage;
    this.content = content;
  }

  public static Block activation(String name, long elements, Storage storage) {
    return new Block(name, Math.multiplyExact(elements, storage.bytes()), storage, null);
  }

  public static Block constant(String name, long elements, Storage storage, Content content) {
    return new Block(name, Math.multiplyExact(elements, storage.bytes()), storage, content);
  }

  public String name() {
    return name;
  }

  public long bytes() {
    return bytes;
  }

  public Storage storage() {
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
