package dev.flopmeter.run.cudnn.execute;

import dev.flopmeter.result.KernelInfo;
import dev.flopmeter.run.cudnn.driver.Status;
import dev.flopmeter.run.cudnn.driver.Stream;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.JCudaDriver;

/** A launch of one of our kernels, its arguments packed once. */
final class KernelExecutable implements Executable {
  private final Stream stream;
  private final KernelWork work;
  private final CUfunction function;
  private final ByteBuffer packed;
  private final Pointer parameters;

  KernelExecutable(PreparationContext context, KernelWork work) {
    this.stream = context.gpu().stream();
    this.work = work;
    this.function = context.gpu().kernel(work.kernel());
    byte[] bytes = work.arguments().pack(view -> context.address(view).value());
    packed = ByteBuffer.allocateDirect(bytes.length).order(ByteOrder.nativeOrder());
    packed.put(bytes).rewind();
    parameters = Pointer.to(Pointer.to(packed));
  }

  @Override
  public void enqueue() {
    Status.cuda(
        JCudaDriver.cuLaunchKernel(
            function,
            (int) work.blocks(),
            1,
            1,
            work.threads(),
            1,
            1,
            0,
            stream.handle(),
            parameters,
            null),
        "cuLaunchKernel(" + work.kernel() + ")");
  }

  @Override
  public KernelInfo kernel() {
    return new KernelInfo("ptx:" + work.kernel(), null, null, 0L);
  }

  @Override
  public void close() {
    // The module owns the function, the arguments are on the heap.
  }
}
