package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Elements;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.run.cudnn.driver.DeviceMemory;
import dev.flopmeter.run.cudnn.driver.Stream;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import jcuda.Pointer;

/**
 * Moves tensors between host and device through one staging buffer, converting between the model's
 * types and those of the device.
 */
final class Transfer {
  private static final int STAGING_BYTES = 8 << 20;

  private final ByteBuffer staging =
      ByteBuffer.allocateDirect(STAGING_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  private final Stream stream;

  Transfer(Stream stream) {
    this.stream = stream;
  }

  /** Writes a constant's content. */
  void upload(Buffer block, DeviceMemory to, long offset) {
    Upload upload = new Upload(block.storage(), to, offset);
    Objects.requireNonNull(block.content()).write(upload);
    upload.flush();
    if (upload.at - offset != block.bytes()) {
      throw new IllegalStateException(block + " was given " + (upload.at - offset) + " bytes");
    }
  }

  void upload(Tensor tensor, ElementType storage, DeviceMemory to, long offset) {
    if (tensor.type().type() == storage.type()) {
      copy(tensor.data(), to, offset);
      return;
    }
    Upload upload = new Upload(storage, to, offset);
    upload.accept(tensor);
    upload.flush();
  }

  private void copy(ByteBuffer data, DeviceMemory to, long offset) {
    staging.clear();
    for (int done = 0; done < data.limit(); done += STAGING_BYTES) {
      int length = Math.min(STAGING_BYTES, data.limit() - done);
      staging.put(0, data, done, length);
      to.upload(offset + done, Pointer.to(staging), length, stream);
    }
  }

  /** Reads a result as the model declares it. */
  Tensor download(TensorType type, ElementType storage, DeviceMemory from, long offset) {
    ByteBuffer result = Elements.allocate(type);
    long elements = type.elements();
    int perRound = STAGING_BYTES / storage.bytes();
    for (long done = 0; done < elements; done += perRound) {
      int count = (int) Math.min(perRound, elements - done);
      staging.clear();
      from.download(
          offset + done * storage.bytes(), Pointer.to(staging), (long) count * storage.bytes());
      convert(storage, count, result, type.type(), done);
    }
    return DenseTensor.of(type, result.rewind());
  }

  private void convert(
      ElementType storage, int count, ByteBuffer result, DataType type, long done) {
    if (type == storage.type()) {
      result.put((int) done * storage.bytes(), staging, 0, count * storage.bytes());
      return;
    }
    for (int i = 0; i < count; i++) {
      if (storage.isFloat()) {
        Elements.putDouble(result, type, done + i, Elements.getDouble(staging, storage.type(), i));
      } else {
        Elements.putLong(result, type, done + i, Elements.getLong(staging, storage.type(), i));
      }
    }
  }

  /** Collects elements in the staging buffer and sends it off whenever it is full. */
  private final class Upload implements Buffer.Sink {
    private final ElementType storage;
    private final DeviceMemory to;
    private final int capacity;
    private long at;
    private int count;

    Upload(ElementType storage, DeviceMemory to, long offset) {
      this.storage = storage;
      this.to = to;
      this.at = offset;
      this.capacity = STAGING_BYTES / storage.bytes();
    }

    @Override
    public void accept(double value) {
      Elements.putDouble(staging, storage.type(), count, storage.saturated(value));
      next();
    }

    @Override
    public void accept(Tensor tensor) {
      for (long i = 0; i < tensor.elements(); i++) {
        if (storage.isFloat()) {
          accept(tensor.doubleAt(i));
        } else {
          Elements.putLong(staging, storage.type(), count, tensor.longAt(i));
          next();
        }
      }
    }

    private void next() {
      count++;
      if (count == capacity) {
        flush();
      }
    }

    void flush() {
      if (count > 0) {
        staging.clear();
        long bytes = (long) count * storage.bytes();
        to.upload(at, Pointer.to(staging), bytes, stream);
        at += bytes;
        count = 0;
      }
    }
  }
}
