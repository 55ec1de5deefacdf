package dev.flopmeter.run.cudnn.plan;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The structure that our kernels take, member by member in the order of its declaration in C;
 * members align themselves to their size as C does.
 */
public final class Arguments {
  private final List<Object> members = new ArrayList<>();

  Stream<TensorView> views() {
    return members.stream().filter(TensorView.class::isInstance).map(TensorView.class::cast);
  }

  /** Pointers, each of which may be null. */
  public Arguments pointers(@Nullable TensorView... views) {
    for (TensorView view : views) {
      members.add(view == null ? (Object) 0L : view);
    }
    return this;
  }

  /** The turns of each loop, and the strides of these operands, one after the other. */
  public Arguments loops(Loops loops, int... operands) {
    integers(loops.sizes());
    Arrays.stream(operands).forEach(operand -> numbers(loops.strides().get(operand)));
    return this;
  }

  public Arguments numbers(long... values) {
    Arrays.stream(values).forEach(members::add);
    return this;
  }

  public Arguments integer(long value) {
    members.add(Math.toIntExact(value));
    return this;
  }

  public Arguments integers(int... values) {
    Arrays.stream(values).forEach(this::integer);
    return this;
  }

  /** The types of these views by their numbers. */
  public Arguments types(TensorView... views) {
    return integers(Stream.of(views).mapToInt(view -> view.storage().code()).toArray());
  }

  /** The integers {@code values} behind others that are {@code lead}, {@code count} in all. */
  public Arguments led(int count, int lead, long... values) {
    for (int i = values.length; i < count; i++) {
      integer(lead);
    }
    Arrays.stream(values).forEach(this::integer);
    return this;
  }

  public Arguments real(double value) {
    members.add((float) value);
    return this;
  }

  /** The structure in native memory, once the device address of every view is known. */
  public ByteBuffer pack(ToLongFunction<TensorView> addresses) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(8 * members.size() + 8).order(ByteOrder.LITTLE_ENDIAN);
    int alignment = 4;
    for (Object member : members) {
      if (member instanceof Integer value) {
        bytes.putInt(value);
      } else if (member instanceof Float value) {
        bytes.putFloat(value);
      } else {
        alignment = 8;
        align(bytes, 8);
        bytes.putLong(
            member instanceof TensorView view ? addresses.applyAsLong(view) : (Long) member);
      }
    }
    align(bytes, alignment);
    return bytes.flip();
  }

  private static void align(ByteBuffer bytes, int alignment) {
    while (bytes.position() % alignment != 0) {
      bytes.put((byte) 0);
    }
  }
}
