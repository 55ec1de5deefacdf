package dev.flopmeter.model.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDResource;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.TensorType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Makes arrays of a {@link Trace}. It owns no memory, so it is its own sub-manager and closing it
 * does nothing.
 */
final class ShapeArrayFactory extends BaseNDManager {
  private final Trace trace;
  private @Nullable Engine engine;
  private long seed = 1;

  ShapeArrayFactory(Trace trace) {
    super(null, Device.cpu());
    this.trace = trace;
  }

  @Override
  public Engine getEngine() {
    // The super constructor asks already.
    if (engine == null) {
      engine = new ShapeEngine(this);
    }
    return engine;
  }

  @Override
  public ByteBuffer allocateDirect(int capacity) {
    return ByteBuffer.allocateDirect(capacity).order(ByteOrder.nativeOrder());
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
          "the block keeps an array of an earlier trace; make its arrays anew in each forward");
    }
    return traced;
  }

  @Override
  public NDArray from(NDArray array) {
    return traced(array).shown();
  }

  @Override
  public NDArray create(Shape shape, DataType type) {
    return full(shape, 0, type);
  }

  @Override
  public NDArray create(Buffer data, Shape shape, DataType type) {
    TensorType tensorType = DjlTypes.type(shape, type);
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(tensorType.bytes())).order(ByteOrder.LITTLE_ENDIAN);
    copyBuffer(data, bytes);
    bytes.rewind();
    return trace.constant(DenseTensor.of(tensorType, bytes)).shown();
  }

  @Override
  public NDArray zeros(Shape shape, DataType type) {
    return full(shape, 0, type);
  }

  @Override
  public NDArray ones(Shape shape, DataType type) {
    return full(shape, 1, type);
  }

  @Override
  public NDArray full(Shape shape, float value, DataType type) {
    return trace.constant(FilledTensor.of(DjlTypes.type(shape, type), value)).shown();
  }

  @Override
  public NDArray arange(float start, float stop, float step, DataType type) {
    dev.flopmeter.model.DataType element = DjlTypes.type(type);
    return trace
        .apply(
            "Range",
            Attributes.NONE,
            trace.scalar(start, element),
            trace.scalar(stop, element),
            trace.scalar(step, element))
        .shown();
  }

  @Override
  public NDArray randomUniform(float low, float high, Shape shape, DataType type) {
    return trace.constant(new RandomTensor(DjlTypes.type(shape, type), seed++, low, high)).shown();
  }

  @Override
  public NDArray randomNormal(float mean, float deviation, Shape shape, DataType type) {
    return spread(mean, deviation, shape, type);
  }

  @Override
  public NDArray truncatedNormal(float mean, float deviation, Shape shape, DataType type) {
    return spread(mean, deviation, shape, type);
  }

  /** Even, not normal: the graph's random weights only need the spread. */
  private NDArray spread(float mean, float deviation, Shape shape, DataType type) {
    double half = Math.sqrt(3) * deviation;
    return randomUniform((float) (mean - half), (float) (mean + half), shape, type);
  }

  @Override
  public NDManager newSubManager() {
    return this;
  }

  @Override
  public NDManager newSubManager(Device device) {
    return this;
  }

  @Override
  public NDManager getParentManager() {
    return this;
  }

  @Override
  public synchronized void attachInternal(String id, AutoCloseable... resources) {}

  @Override
  public synchronized void attachUncappedInternal(String id, AutoCloseable resource) {}

  @Override
  public void tempAttachInternal(NDManager original, String id, NDResource resource) {}

  @Override
  public synchronized void detachInternal(String id) {}

  @Override
  public void close() {}
}
