package dev.flopmeter.run.cudnn.driver;

import org.jspecify.annotations.Nullable;

/**
 * The scratch memory that all steps share, as they run one after the other. During a search it is
 * as large as any plan may need, afterwards as large as the chosen ones need.
 */
public final class Workspace implements AutoCloseable {
  private @Nullable DeviceMemory memory;
  private long needed;

  /** Records that a step needs this much at run time. */
  public void need(long bytes) {
    needed = Math.max(needed, bytes);
  }

  /** Allocates space for a search, or less if memory does not suffice. */
  public long growTo(long wanted) {
    if (memory != null && memory.bytes() >= wanted) {
      return memory.bytes();
    }
    close();
    for (long bytes = wanted; bytes > 0; bytes /= 2) {
      try {
        memory = new DeviceMemory(bytes, "workspace of the search");
        return bytes;
      } catch (DeviceFailure e) {
        e.throwIfSticky();
      }
    }
    return 0;
  }

  /** Shrinks to the recorded needs. */
  public void settle() {
    close();
    if (needed > 0) {
      memory = new DeviceMemory(needed, "workspace");
    }
  }

  public long bytes() {
    return memory == null ? 0 : memory.bytes();
  }

  /** 0 if there is none. */
  public long address() {
    return memory == null ? 0 : memory.at(0).value();
  }

  @Override
  public void close() {
    if (memory != null) {
      DeviceMemory freed = memory;
      memory = null;
      freed.close();
    }
  }
}
