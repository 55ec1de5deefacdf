package dev.flopmeter.model.onnx;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.FilledTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code TensorProto}. Raw and packed float, int64 and double data stay slices of the file;
 * only the widened encodings (int32_data of narrower types) are copied.
 */
final class TensorParser {
  private final LongList dims = new LongList();
  private final Map<String, String> external = new HashMap<>();
  private final ExternalData files;
  private String name = "";
  private long typeCode;
  private boolean isExternal;
  private @Nullable ByteBuffer raw;

  /** float_data, double_data, int64_data, uint64_data and int32_data, as they come. */
  private final Map<Integer, List<ByteBuffer>> packed = new HashMap<>();

  /** Values from integers or single floats, the latter as their bits. */
  private final LongList integers = new LongList();

  private TensorParser(ExternalData files) {
    this.files = files;
  }

  /** A tensor with its name in the file. */
  record Named(String name, Tensor tensor) {}

  static Named parse(WireReader in, ExternalData files) {
    TensorParser parser = new TensorParser(files);
    while (in.next()) {
      parser.field(in);
    }
    try {
      return new Named(parser.name, parser.tensor());
    } catch (ModelException e) {
      throw e.at("tensor '" + parser.name + "'");
    }
  }

  private void field(WireReader in) {
    switch (in.field()) {
      case 1 -> in.integers(dims);
      case 2 -> typeCode = in.integer();
      case 3 -> throw new ModelException("tensors in segments are not supported");
      case 4, 10 -> packedOrSingle(in, in.field());
      case 5, 7, 11 -> in.integers(integers);
      case 8 -> name = in.text();
      case 9 -> raw = in.bytes();
      case 13 -> in.message().entry(external);
      case 14 -> isExternal = in.integer() == 1;
      default -> in.skip();
    }
  }

  private void packedOrSingle(WireReader in, int field) {
    if (in.isPacked()) {
      packed.putIfAbsent(field, new ArrayList<>());
      packed.get(field).add(in.bytes());
    } else if (field == 4) {
      integers.append(Float.floatToRawIntBits(in.float32()));
    } else {
      integers.append(Double.doubleToRawLongBits(in.float64()));
    }
  }

  private Tensor tensor() {
    DataType type = DataType.ofCode(typeCode);
    TensorType tensorType = new TensorType(type, Shape.of(dims.toLongs()));
    if (isExternal) {
      return files.read(external, tensorType);
    }
    if (type == DataType.STRING) {
      return FilledTensor.ofText(tensorType.shape());
    }
    ByteBuffer bytes = raw;
    if (bytes != null) {
      return DenseTensor.of(tensorType, bytes);
    }
    ByteBuffer joined = joined(type);
    return DenseTensor.of(tensorType, joined != null ? joined : narrowed(tensorType));
  }

  /** float_data or double_data in one piece; null if the values came as integers. */
  private @Nullable ByteBuffer joined(DataType type) {
    List<ByteBuffer> parts =
        switch (type) {
          case FLOAT, COMPLEX64 -> packed.getOrDefault(4, List.of());
          case DOUBLE, COMPLEX128 -> packed.getOrDefault(10, List.of());
          default -> List.of();
        };
    if (parts.size() < 2) {
      return parts.isEmpty() ? null : parts.get(0);
    }
    ByteBuffer all = ByteBuffer.allocate(parts.stream().mapToInt(ByteBuffer::remaining).sum());
    parts.forEach(part -> all.put(part.duplicate()));
    return all.rewind();
  }

  /** int32_data, int64_data or uint64_data, converted to the element's width. */
  private ByteBuffer narrowed(TensorType type) {
    boolean isPacked = type.type().bits() < 8;
    long expected = isPacked ? type.bytes() : type.elements();
    boolean isComplex = type.type() == DataType.COMPLEX64 || type.type() == DataType.COMPLEX128;
    if (integers.size() != expected || (isComplex && expected > 0)) {
      throw new ModelException("it is a " + type + " but holds " + integers.size() + " values");
    }
    ByteBuffer data = Elements.allocate(type);
    DataType storage = storage(type.type());
    for (int i = 0; i < integers.size(); i++) {
      Elements.putLong(data, storage, i, integers.longAt(i));
    }
    return data;
  }

  /** The integer type of the same width, because narrow floats are stored as bit patterns. */
  private static DataType storage(DataType type) {
    return switch (type.bits()) {
      case 64 -> DataType.INT64;
      case 32 -> DataType.INT32;
      case 16 -> DataType.INT16;
      default -> DataType.INT8;
    };
  }
}
