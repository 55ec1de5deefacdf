package dev.flopmeter.model.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * DJL's manager of the arrays of a {@link Trace}. It owns no memory, so it is its own sub-manager
 * and closing it does nothing.
 */
final class ManagerCalls implements InvocationHandler {
  private final Trace trace;
  private final NDManager shown =
      (NDManager)
          Proxy.newProxyInstance(
              NDManager.class.getClassLoader(), new Class<?>[] {NDManager.class}, this);
  private final Engine engine = new ShapeEngine(shown);
  private long seed = 1;

  ManagerCalls(Trace trace) {
    this.trace = trace;
  }

  /** The manager to give to DJL's code. */
  NDManager shown() {
    return shown;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] given)
      throws Throwable {
    Object[] in = given == null ? new Object[0] : given;
    String signature = TracedCalls.signature(method.getName(), method.getParameterTypes());
    return switch (signature) {
      case "equals(Object)" -> proxy == in[0];
      case "hashCode()" -> System.identityHashCode(this);
      case "toString()", "getName()" -> engine.getEngineName();
      case "getEngine()" -> engine;
      case "getDevice()", "defaultDevice()" -> Device.cpu();
      case "isOpen()" -> true;
      case "newSubManager()", "newSubManager(Device)", "getParentManager()" -> proxy;
      case "setName(String)",
          "cap()",
          "attachInternal(String,AutoCloseable[])",
          "attachUncappedInternal(String,AutoCloseable)",
          "tempAttachInternal(NDManager,String,NDResource)",
          "detachInternal(String)",
          "close()" ->
          null;
      case "allocateDirect(int)" ->
          ByteBuffer.allocateDirect((int) in[0]).order(ByteOrder.nativeOrder());
      case "from(NDArray)" -> traced((NDArray) in[0]).shown();
      case "create(Buffer,Shape,DataType)" ->
          create((Buffer) in[0], DjlTypes.type((Shape) in[1], (DataType) in[2])).shown();
      case "create(Shape,DataType)", "zeros(Shape,DataType)" -> full(in[0], 0, in[1]).shown();
      case "ones(Shape,DataType)" -> full(in[0], 1, in[1]).shown();
      case "full(Shape,float,DataType)" -> full(in[0], (float) in[1], in[2]).shown();
      case "arange(float,float,float,DataType)" -> range(in).shown();
      case "randomUniform(float,float,Shape,DataType)" ->
          uniform((float) in[0], (float) in[1], in[2], in[3]).shown();
      case "randomNormal(float,float,Shape,DataType)",
          "truncatedNormal(float,float,Shape,DataType)" -> {
        // Uniform, not normal: the graph's random weights only need the spread.
        double half = Math.sqrt(3) * (float) in[1];
        yield uniform((float) in[0] - half, (float) in[0] + half, in[2], in[3]).shown();
      }
      default -> TracedCalls.byDefault(proxy, method, given);
    };
  }

  /** An array of this trace: another engine's array becomes a weight of its shape. */
  TracedArray traced(NDArray array) {
    TracedArray traced = TracedCalls.behind(array);
    if (traced == null) {
      TensorType type = DjlTypes.type(array.getShape(), array.getDataType());
      return trace.constant(RandomTensor.weights(type, seed++, Math.max(1, type.elements())));
    }
    if (traced.tracing() != trace) {
      throw new ModelException(
          "the block keeps an array of an earlier trace; create its arrays in each forward");
    }
    return traced;
  }

  private TracedArray create(Buffer data, TensorType type) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(type.bytes())).order(ByteOrder.LITTLE_ENDIAN);
    BaseNDManager.copyBuffer(data, bytes);
    bytes.rewind();
    return trace.constant(DenseTensor.of(type, bytes));
  }

  private TracedArray full(Object shape, float value, Object type) {
    return trace.constant(FilledTensor.of(DjlTypes.type((Shape) shape, (DataType) type), value));
  }

  private TracedArray uniform(double low, double high, Object shape, Object type) {
    TensorType drawn = DjlTypes.type((Shape) shape, (DataType) type);
    return trace.constant(new RandomTensor(drawn, seed++, (float) low, (float) high));
  }

  /** Arguments: start, stop, step, type. */
  private TracedArray range(Object... in) {
    return trace.apply(
        "Range",
        Attributes.NONE,
        Stream.of(in[0], in[1], in[2])
            .map(end -> trace.scalar((float) end, DjlTypes.type((DataType) in[3])))
            .toArray(TracedArray[]::new));
  }

  /**
   * The engine that the manager reports, because code reads an engine's name and default device. It
   * is not registered and computes nothing.
   */
  private static final class ShapeEngine extends Engine {
    private final NDManager manager;

    ShapeEngine(NDManager manager) {
      this.manager = manager;
    }

    @Override
    public @Nullable Engine getAlternativeEngine() {
      return null;
    }

    @Override
    public String getEngineName() {
      return "flopmeter-shapes";
    }

    @Override
    public int getRank() {
      return Integer.MAX_VALUE;
    }

    @Override
    public String getVersion() {
      return "1";
    }

    @Override
    public boolean hasCapability(String capability) {
      return false;
    }

    @Override
    public Device defaultDevice() {
      return Device.cpu();
    }

    @Override
    public Model newModel(String name, Device device) {
      throw new UnsupportedOperationException("Engine.newModel");
    }

    @Override
    public NDManager newBaseManager() {
      return manager;
    }

    @Override
    public NDManager newBaseManager(Device device) {
      return manager;
    }
  }
}
