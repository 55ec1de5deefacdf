package dev.flopmeter.run.djl;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.RandomTensor;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.BackendException;
import dev.flopmeter.run.djl.kernel.ScalarTypes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Moves tensors into PyTorch's memory and back. */
final class TorchMemory implements AutoCloseable {
  /**
   * DJL's types to move bytes of. Where it has none itself (or, at bfloat16, aborts), another of
   * the same width carries the bits. ONNX's 4- and 2-bit types are not among them: PyTorch holds
   * those one a byte.
   */
  private static @Nullable DataType carrier(dev.flopmeter.model.DataType type) {
    return switch (type) {
      case FLOAT -> DataType.FLOAT32;
      case DOUBLE -> DataType.FLOAT64;
      case INT8 -> DataType.INT8;
      case BOOL -> DataType.BOOLEAN;
      case UINT8, FLOAT8E4M3FN, FLOAT8E4M3FNUZ, FLOAT8E5M2, FLOAT8E5M2FNUZ -> DataType.UINT8;
      case FLOAT16, BFLOAT16, INT16, UINT16 -> DataType.FLOAT16;
      case INT32, UINT32 -> DataType.INT32;
      case INT64, UINT64 -> DataType.INT64;
      default -> null;
    };
  }

  /** PyTorch's numbers of the types that carry others. */
  private static final Map<DataType, Integer> CARRIER_CODES =
      Map.of(
          DataType.FLOAT16, 5,
          DataType.UINT8, ScalarTypes.UINT8,
          DataType.INT32, ScalarTypes.INT32,
          DataType.INT64, ScalarTypes.INT64);

  private static final String FUNCTIONS =
      """
        def convert(self: __torch__.M, x: Tensor, type: int) -> Tensor:
          return torch.to(x, type)
        def bits(self: __torch__.M, x: Tensor, type: int) -> Tensor:
          return torch.view_copy(torch.contiguous(x), dtype=type)
        def expand(self: __torch__.M, x: Tensor, shape: List[int]) -> Tensor:
          return torch.contiguous(torch.expand(x, shape))
        def same(self: __torch__.M, x: Tensor) -> Tensor:
          return x
        def describe(self: __torch__.M, x: Tensor) -> List[int]:
          return torch.add([ops.prim.dtype(x)], torch.size(x))
        def stack(self: __torch__.M, x: List[Tensor], axis: int) -> Tensor:
          return torch.stack(x, axis)
        def select(self: __torch__.M, x: Tensor, axis: int, index: int) -> Tensor:
          return torch.select(x, axis, index)
      """;

  private final PtNDManager memory;
  private final TorchScriptModule module;

  TorchMemory(PtNDManager memory) {
    this.memory = memory;
    this.module = TorchScriptModule.compile(memory, FUNCTIONS.indent(0));
  }

  PtNDManager manager() {
    return memory;
  }

  /** A copy of {@code tensor} in PyTorch's memory, the caller's to close. */
  IValue place(Tensor tensor) {
    TensorType type = tensor.type();
    int code =
        ScalarTypes.find(type.type())
            .orElseThrow(
                () -> new ModelException("PyTorch has no tensors of type " + type.type().label()));
    DataType carrier = carrier(type.type());
    if (carrier == null) {
      return placeConverted(tensor, code);
    }
    if (tensor instanceof FilledTensor filled && type.elements() > 1) {
      try (IValue one = place(filled.value().reshaped(dev.flopmeter.model.Shape.SCALAR));
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
    try (PtNDArray array = memory.create(new Shape(type.shape().dims()), carrier)) {
      if (type.elements() > 0) {
        ByteBuffer data = array.toByteBuffer(true).order(ByteOrder.LITTLE_ENDIAN);
        if (tensor instanceof RandomTensor random) {
          draw(random, data);
        } else {
          data.put(tensor.data());
        }
      }
      IValue value = IValue.from(array);
      return CARRIER_CODES.getOrDefault(carrier, code) == code ? value : retyped(value, code);
    } catch (EngineException e) {
      throw new BackendException(
          "PyTorch has no memory for a tensor %s: %s".formatted(type, TorchScriptModule.oneLine(e)),
          e);
    }
  }

  /** The same bits read as the type {@code code}; closes {@code value}. */
  private IValue retyped(IValue value, int code) {
    try (value;
        IValue to = IValue.from(code)) {
      return module.call("bits", value, to);
    }
  }

  /** By way of a type that DJL knows and that holds every value. */
  private IValue placeConverted(Tensor tensor, int code) {
    try (IValue value = place(converted(tensor, wider(tensor.type())));
        IValue to = IValue.from(code)) {
      return module.call("convert", value, to);
    }
  }

  private static TensorType wider(TensorType type) {
    return type.withType(
        type.type().isFloat()
            ? dev.flopmeter.model.DataType.FLOAT
            : dev.flopmeter.model.DataType.INT64);
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

  /** The part of {@code value} at {@code index} of {@code axis}. */
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
          dev.flopmeter.model.Shape.of(Arrays.copyOfRange(numbers, 1, numbers.length)));
    }
  }

  /** A copy of {@code value} outside of PyTorch's memory. */
  Tensor fetch(IValue value) {
    return fetch(value, describe(value));
  }

  /** A copy of {@code value}, known to be of {@code type}. */
  Tensor fetch(IValue value, TensorType type) {
    DataType carrier = carrier(type.type());
    if (carrier == null) {
      return fetchConverted(value, type);
    }
    int code = ScalarTypes.find(type.type()).orElseThrow();
    ByteBuffer copy = Elements.allocate(type);
    if (type.elements() > 0) {
      try (IValue to = IValue.from(CARRIER_CODES.getOrDefault(carrier, code));
          IValue packed = module.call("bits", value, to);
          PtNDArray array = packed.toTensor(memory)) {
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
