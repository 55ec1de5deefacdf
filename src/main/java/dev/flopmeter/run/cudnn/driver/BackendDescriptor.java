package dev.flopmeter.run.cudnn.driver;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnBackendDescriptor;

/**
 * A descriptor of cuDNN's graph API. Attributes travel through a {@link HostBlock}, which is free
 * again as soon as a call returns: cuDNN copies them. The numbers are those of cuDNN 9's {@code
 * cudnn_graph.h}.
 */
public final class BackendDescriptor extends cudnnBackendDescriptor implements AutoCloseable {
  /** Of {@code cudnnBackendDescriptorType_t}. */
  public enum Kind {
    POINTWISE(0),
    CONVOLUTION(1),
    ENGINE(2),
    ENGINE_CONFIGURATION(3),
    HEURISTICS(4),
    PLAN(5),
    CONVOLUTION_OPERATION(10),
    BACKWARD_DATA_OPERATION(12),
    POINTWISE_OPERATION(13),
    GRAPH(15),
    VARIANT_PACK(16),
    TENSOR(17),
    PRODUCT(18),
    PRODUCT_OPERATION(19),
    REDUCTION(21),
    REDUCTION_OPERATION(22),
    RESAMPLE(24),
    RESAMPLE_OPERATION(25),
    NORMALIZATION_OPERATION(29);

    private final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  /** Of {@code cudnnBackendAttributeType_t}, with the size of an element in bytes. */
  public enum ValueType {
    HANDLE(0, 8),
    DATA_TYPE(1, 4),
    BOOLEAN(2, 1),
    INT64(3, 8),
    FLOAT(4, 4),
    VOID_POINTER(6, 8),
    CONVOLUTION_MODE(7, 4),
    HEURISTIC_MODE(8, 4),
    NUMERICAL_NOTE(11, 4),
    POINTWISE_MODE(14, 4),
    DESCRIPTOR(15, 8),
    REDUCTION_OPERATOR(18, 4),
    RESAMPLE_MODE(21, 4),
    PADDING_MODE(22, 4),
    CHARACTER(24, 1),
    NORMALIZATION_MODE(27, 4),
    NORMALIZATION_PHASE(28, 4);

    private final int code;
    private final int bytes;

    ValueType(int code, int bytes) {
      this.code = code;
      this.bytes = bytes;
    }
  }

  private final HostBlock host;

  public BackendDescriptor(Kind kind, HostBlock host) {
    this.host = host;
    Status.cudnn(
        JCudnn.cudnnBackendCreateDescriptor(kind.code, this),
        "cudnnBackendCreateDescriptor(" + kind + ")");
  }

  public BackendDescriptor set(int attribute, ValueType type, long... values) {
    put(type, values);
    return set(attribute, type, values.length, host.pointer());
  }

  private void put(ValueType type, long... values) {
    for (int i = 0; i < values.length; i++) {
      int at = i * type.bytes;
      switch (type.bytes) {
        case 1 -> host.bytes().put(at, (byte) values[i]);
        case 4 -> host.bytes().putInt(at, (int) values[i]);
        default -> host.bytes().putLong(at, values[i]);
      }
    }
  }

  private BackendDescriptor set(int attribute, ValueType type, long count, Pointer from) {
    Status.cudnn(
        JCudnn.cudnnBackendSetAttribute(this, attribute, type.code, count, from),
        "cudnnBackendSetAttribute(" + attribute + ")");
    return this;
  }

  public BackendDescriptor set(int attribute, BackendDescriptor... others) {
    return set(attribute, ValueType.DESCRIPTOR, addresses(List.of(others)));
  }

  private static long[] addresses(List<BackendDescriptor> descriptors) {
    return descriptors.stream().mapToLong(one -> one.getNativePointer()).toArray();
  }

  /**
   * To be called once all attributes are set.
   *
   * @throws DeviceFailure if cuDNN does not offer what they describe
   */
  public BackendDescriptor ready() {
    Status.cudnn(JCudnn.cudnnBackendFinalize(this), "cudnnBackendFinalize");
    return this;
  }

  /** At most {@code most} numbers of an attribute. */
  public long[] get(int attribute, ValueType type, int most) {
    long count = get(attribute, type, most, host.pointer());
    return IntStream.range(0, (int) Math.min(count, most))
        .mapToLong(i -> type.bytes == 4 ? host.bytes().getInt(i * 4) : host.bytes().getLong(i * 8))
        .toArray();
  }

  private long get(int attribute, ValueType type, long most, Pointer to) {
    long[] count = new long[1];
    Status.cudnn(
        JCudnn.cudnnBackendGetAttribute(this, attribute, type.code, most, count, to),
        "cudnnBackendGetAttribute(" + attribute + ")");
    return count[0];
  }

  /** An attribute that is text, of any length. */
  public String getText(int attribute) {
    long length = get(attribute, ValueType.CHARACTER, 0, new Pointer());
    try (HostBlock room = new HostBlock(Math.max(1, length))) {
      byte[] text = new byte[(int) get(attribute, ValueType.CHARACTER, length, room.pointer())];
      room.bytes().get(0, text);
      return new String(text, UTF_8);
    }
  }

  /** Sets an attribute that is text, of any length. */
  public BackendDescriptor setText(int attribute, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    try (HostBlock room = new HostBlock(Math.max(1, bytes.length))) {
      room.bytes().put(0, bytes);
      return set(attribute, ValueType.CHARACTER, bytes.length, room.pointer());
    }
  }

  /** Lets cuDNN fill in descriptors that the caller made; those that it did. */
  public List<BackendDescriptor> fill(int attribute, List<BackendDescriptor> made) {
    put(ValueType.DESCRIPTOR, addresses(made));
    int filled = get(attribute, ValueType.DESCRIPTOR, made.size()).length;
    return new ArrayList<>(made.subList(0, filled));
  }

  @Override
  public void close() {
    Status.freedCudnn(JCudnn.cudnnBackendDestroyDescriptor(this), "cudnnBackendDestroyDescriptor");
  }
}
