package dev.flopmeter.run.djl;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.djl.DjlTypes;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.djl.kernel.ScalarTypes;
import dev.flopmeter.text.Resource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Moves tensors into PyTorch's memory and back. */
record TorchMemory(PtNDManager manager, TorchScriptModule module) implements AutoCloseable {
  TorchMemory(PtNDManager manager) {
    this(
        manager,
        TorchScriptModule.compile(manager, Resource.text(TorchMemory.class, "memory.script")));
  }

  /** A copy of {@code tensor} in PyTorch's memory, the caller's to close. */
  IValue place(Tensor tensor) {
    TensorType type = tensor.type();
    int code =
        ScalarTypes.find(type.type())
            .orElseThrow(
                () -> new ModelException("PyTorch has no tensors of type " + type.type().label()));
    Optional<DataType> carrier = ScalarTypes.carrier(type.type());
    if (carrier.isEmpty()) {
      // By way of a type that DJL knows and that holds every value.
      return retyped("convert", place(converted(tensor, wider(type))), code);
    }
    if (tensor instanceof FilledTensor filled && type.elements() > 1) {
      try (IValue one = place(filled.value().reshaped(Shape.SCALAR));
          IValue shape = IValue.listFrom(type.shape().dims())) {
        return module.call("expand", one, shape);
      }
    }
    if (type.bytes() > Integer.MAX_VALUE) {
      throw new BackendException(
          ("a tensor %s has more than the 2 GiB that PyTorch's Java interface can take; use"
                  + " a smaller batch or smaller inputs")
              .formatted(type));
    }
    try (PtNDArray array =
        manager.create(DjlTypes.shape(type.shape()), DjlTypes.type(carrier.get()))) {
      if (type.elements() > 0) {
        ByteBuffer data = array.toByteBuffer(true).order(ByteOrder.LITTLE_ENDIAN);
        if (tensor instanceof RandomTensor random) {
          draw(random, data);
        } else {
          data.put(tensor.data());
        }
      }
      IValue value = IValue.from(array);
      return carrier.get() == type.type() ? value : retyped("bits", value, code);
    } catch (EngineException e) {
      throw new BackendException(
          "PyTorch lacks memory for a tensor %s: %s".formatted(type, TorchScriptModule.oneLine(e)),
          e);
    }
  }

  /** What {@code function} makes of {@code value} for the type {@code code}; closes the value. */
  private IValue retyped(String function, IValue value, int code) {
    try (value;
        IValue to = IValue.from(code)) {
      return module.call(function, value, to);
    }
  }

  private static TensorType wider(TensorType type) {
    return type.withType(type.type().isFloat() ? DataType.FLOAT : DataType.INT64);
  }

  private static Tensor converted(Tensor tensor, TensorType to) {
    return to.type().isFloat()
        ? DenseTensor.ofDoubles(to, tensor.toDoubles())
        : DenseTensor.ofLongs(to, tensor.toLongs());
  }

  /** Drawn straight into PyTorch's memory: no second copy of large weights. */
  private static void draw(RandomTensor random, ByteBuffer data) {
    int count = Math.toIntExact(random.elements());
    for (int i = 0; i < count; i++) {
      Elements.putDouble(data, random.type().type(), i, random.doubleAt(i));
    }
  }

  /** {@code values} joined along a new axis. */
  IValue stack(List<IValue> values, long axis) {
    try (IValue list = IValue.listFrom(values.toArray(IValue[]::new));
        IValue at = IValue.from(axis)) {
      return module.call("stack", list, at);
    }
  }

  IValue select(IValue value, long axis, long index) {
    try (IValue at = IValue.from(axis);
        IValue which = IValue.from(index)) {
      return module.call("select", value, at, which);
    }
  }

  /** A new handle on the same values. */
  IValue share(IValue value) {
    return module.call("same", value);
  }

  /** Type and shape of a value, as far as PyTorch knows (4-bit types look like 8-bit ones). */
  TensorType describe(IValue value) {
    try (IValue description = module.call("describe", value)) {
      long[] numbers = description.toLongArray();
      return new TensorType(
          ScalarTypes.ofCode(numbers[0])
              .orElseThrow(() -> new ModelException("PyTorch's type " + numbers[0] + " is new")),
          Shape.of(Arrays.copyOfRange(numbers, 1, numbers.length)));
    }
  }

  /** A copy of {@code value} outside PyTorch's memory. */
  Tensor fetch(IValue value) {
    return fetch(value, describe(value));
  }

  /** A copy of {@code value}, known to be of {@code type}. */
  Tensor fetch(IValue value, TensorType type) {
    Optional<Integer> code = ScalarTypes.carrier(type.type()).flatMap(ScalarTypes::find);
    if (code.isEmpty()) {
      return fetchConverted(value, type);
    }
    ByteBuffer copy = Elements.allocate(type);
    if (type.elements() > 0) {
      try (IValue to = IValue.from(code.get());
          IValue packed = module.call("bits", value, to);
          PtNDArray array = packed.toTensor(manager)) {
        copy.put(array.toByteBuffer(true));
      }
    }
    return DenseTensor.of(type, copy.rewind());
  }

  private Tensor fetchConverted(IValue value, TensorType type) {
    TensorType wider = wider(type);
    try (IValue to = IValue.from(ScalarTypes.find(wider.type()).orElseThrow());
        IValue wide = module.call("convert", value, to)) {
      return converted(fetch(wide, wider), type);
    }
  }

  @Override
  public void close() {
    module.close();
  }
}
