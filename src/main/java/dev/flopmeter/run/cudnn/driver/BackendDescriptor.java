package dev.flopmeter.run.cudnn.driver;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.flopmeter.text.Csv;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnBackendDescriptor;

/**
 * A descriptor of cuDNN's graph API. Kinds and attributes have the names of {@code
 * descriptors.csv}. Attributes travel through a {@link HostBlock}, which is free again as soon as a
 * call returns: cuDNN copies them.
 */
public final class BackendDescriptor extends cudnnBackendDescriptor implements AutoCloseable {
  /** By cuDNN's numbers of it and of its type. */
  private record Attribute(int number, int type, int bytes) {}

  private record Kind(int number, Map<String, Attribute> attributes) {}

  private static final Map<String, Kind> KINDS = kinds();

  private final String name;
  private final HostBlock host;
  private final Map<String, Attribute> attributes;

  BackendDescriptor(String name, HostBlock host) {
    Kind kind = Objects.requireNonNull(KINDS.get(name), name);
    this.name = name;
    this.host = host;
    this.attributes = kind.attributes();
    Status.cudnn(
        JCudnn.cudnnBackendCreateDescriptor(kind.number(), this),
        "cudnnBackendCreateDescriptor(" + name + ")");
  }

  private static Map<String, Kind> kinds() {
    Map<String, Kind> kinds = new HashMap<>();
    for (List<String> row : Csv.rows(BackendDescriptor.class, "descriptors.csv")) {
      int[] numbers = Stream.of(1, 3, 4, 5).mapToInt(i -> Integer.parseInt(row.get(i))).toArray();
      kinds
          .computeIfAbsent(row.get(0), name -> new Kind(numbers[0], new HashMap<>()))
          .attributes()
          .put(row.get(2), new Attribute(numbers[1], numbers[2], numbers[3]));
    }
    return kinds;
  }

  private Attribute attribute(String name) {
    return Objects.requireNonNull(attributes.get(name), name);
  }

  public BackendDescriptor set(String attribute, long... values) {
    return set(attribute, values.length, put(attribute, values));
  }

  private Pointer put(String attribute, long... values) {
    int bytes = attribute(attribute).bytes();
    for (int i = 0; i < values.length; i++) {
      switch (bytes) {
        case 1 -> host.bytes().put(i, (byte) values[i]);
        case 4 -> host.bytes().putInt(i * 4, (int) values[i]);
        default -> host.bytes().putLong(i * 8, values[i]);
      }
    }
    return host.pointer();
  }

  private BackendDescriptor set(String attribute, long count, Pointer from) {
    Attribute one = attribute(attribute);
    Status.cudnn(
        JCudnn.cudnnBackendSetAttribute(this, one.number(), one.type(), count, from),
        "cudnnBackendSetAttribute(" + name + ", " + attribute + ")");
    return this;
  }

  public BackendDescriptor set(String attribute, List<BackendDescriptor> others) {
    return set(attribute, addresses(others));
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
    Status.cudnn(JCudnn.cudnnBackendFinalize(this), "cudnnBackendFinalize(" + name + ")");
    return this;
  }

  /** At most {@code most} numbers of an attribute. */
  public long[] get(String attribute, int most) {
    long count = get(attribute, most, host.pointer());
    boolean isShort = attribute(attribute).bytes() == 4;
    return IntStream.range(0, (int) Math.min(count, most))
        .mapToLong(i -> isShort ? host.bytes().getInt(i * 4) : host.bytes().getLong(i * 8))
        .toArray();
  }

  private long get(String attribute, long most, Pointer to) {
    Attribute one = attribute(attribute);
    long[] count = new long[1];
    Status.cudnn(
        JCudnn.cudnnBackendGetAttribute(this, one.number(), one.type(), most, count, to),
        "cudnnBackendGetAttribute(" + name + ", " + attribute + ")");
    return count[0];
  }

  /** An attribute that is text, of any length. */
  public String getText(String attribute) {
    long length = get(attribute, 0, new Pointer());
    try (HostBlock room = new HostBlock(Math.max(1, length))) {
      byte[] text = new byte[(int) get(attribute, length, room.pointer())];
      room.bytes().get(0, text);
      return new String(text, UTF_8);
    }
  }

  /** Sets an attribute that is text, of any length. */
  public BackendDescriptor setText(String attribute, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    try (HostBlock room = new HostBlock(Math.max(1, bytes.length))) {
      room.bytes().put(0, bytes);
      return set(attribute, bytes.length, room.pointer());
    }
  }

  /** Lets cuDNN fill in descriptors that the caller made; those that it did. */
  public List<BackendDescriptor> fill(String attribute, List<BackendDescriptor> made) {
    put(attribute, addresses(made));
    return made.subList(0, get(attribute, made.size()).length);
  }

  @Override
  public void close() {
    Status.freedCudnn(
        JCudnn.cudnnBackendDestroyDescriptor(this), "cudnnBackendDestroyDescriptor(" + name + ")");
  }
}
