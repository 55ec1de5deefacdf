package dev.flopmeter.run.cudnn.driver;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/** A point in a stream's time. */
public final class Event implements AutoCloseable {
  /** Of {@code cuEventRecordWithFlags}: inside a capture, record at each replay. */
  private static final int EXTERNAL = 1;

  private final CUevent handle = new CUevent();

  public Event() {
    Status.cuda(JCudaDriver.cuEventCreate(handle, CUevent_flags.CU_EVENT_DEFAULT), "cuEventCreate");
  }

  public void record(Stream stream) {
    Status.cuda(JCudaDriver.cuEventRecord(handle, stream.handle()), "cuEventRecord");
  }

  /** Adds an event-record node to a graph under capture. */
  public void recordInGraph(Stream stream) {
    Status.cuda(
        JCudaDriver.cuEventRecordWithFlags(handle, stream.handle(), EXTERNAL),
        "cuEventRecordWithFlags");
  }

  /** Seconds from {@code start} to this, both reached; the device's clock ticks in about 0.5 us. */
  public double secondsSince(Event start) {
    float[] milliseconds = new float[1];
    Status.cuda(
        JCudaDriver.cuEventElapsedTime(milliseconds, start.handle, handle), "cuEventElapsedTime");
    return milliseconds[0] / 1e3;
  }

  @Override
  public void close() {
    Status.freedCuda(JCudaDriver.cuEventDestroy(handle), "cuEventDestroy");
  }
}
