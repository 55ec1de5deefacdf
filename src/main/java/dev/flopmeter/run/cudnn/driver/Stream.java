package dev.flopmeter.run.cudnn.driver;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import jcuda.driver.CUgraph;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/** The one stream on which everything runs in order. */
public final class Stream implements AutoCloseable {
  private static final long SPIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long NAP_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  private final CUstream handle = new CUstream();
  private final long patienceNanos;
  private final Runnable onHang;

  /**
   * @param patienceNanos time after which the device counts as hung
   * @param onHang runs in that case
   */
  Stream(long patienceNanos, Runnable onHang) {
    this.patienceNanos = patienceNanos;
    this.onHang = onHang;
    Status.cuda(
        JCudaDriver.cuStreamCreate(handle, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "cuStreamCreate");
  }

  public CUstream handle() {
    return handle;
  }

  /**
   * Waits for all work, polling instead of blocking: a device that never answers must not block
   * forever.
   *
   * @throws DeviceFailure if the work failed, or did not end in time
   */
  public void synchronize(String what) {
    long start = System.nanoTime();
    while (true) {
      int status = JCudaDriver.cuStreamQuery(handle);
      if (status == CUresult.CUDA_SUCCESS) {
        return;
      }
      if (status != CUresult.CUDA_ERROR_NOT_READY) {
        throw Status.cudaFailure(status, "cuStreamQuery").at(what);
      }
      long waited = System.nanoTime() - start;
      if (waited > patienceNanos) {
        onHang.run();
        throw new DeviceFailure(
            "%s: the device did not answer within %d s; check nvidia-smi and the kernel log for Xid messages"
                .formatted(what, TimeUnit.NANOSECONDS.toSeconds(patienceNanos)),
            true);
      }
      if (waited < SPIN_NANOS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(NAP_NANOS);
      }
    }
  }

  /** Records the work that {@code work} enqueues instead of running it. */
  CUgraph capture(Runnable work) {
    CUgraph graph = new CUgraph();
    Status.cuda(
        JCudaDriver.cuStreamBeginCapture(
            handle, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "cuStreamBeginCapture");
    boolean recorded = false;
    try {
      work.run();
      recorded = true;
    } finally {
      int status = JCudaDriver.cuStreamEndCapture(handle, graph);
      if (recorded) {
        Status.cuda(status, "cuStreamEndCapture");
      } else if (status == CUresult.CUDA_SUCCESS) {
        JCudaDriver.cuGraphDestroy(graph); // its failure would hide what is on its way up
      }
    }
    return graph;
  }

  @Override
  public void close() {
    Status.freedCuda(JCudaDriver.cuStreamDestroy(handle), "cuStreamDestroy");
  }
}
