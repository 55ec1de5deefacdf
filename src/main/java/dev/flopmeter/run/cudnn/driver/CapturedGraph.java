package dev.flopmeter.run.cudnn.driver;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.JCudaDriver;

/** Work that is recorded once and launched as a whole repeatedly. */
public final class CapturedGraph implements AutoCloseable {
  private final CUgraphExec executable = new CUgraphExec();

  public CapturedGraph(Stream stream, Runnable work) {
    CUgraph graph = stream.capture(work);
    int made = JCudaDriver.cuGraphInstantiate(executable, graph, 0);
    int freed = JCudaDriver.cuGraphDestroy(graph);
    Status.cuda(made, "cuGraphInstantiateWithFlags");
    try {
      Status.freedCuda(freed, "cuGraphDestroy");
    } catch (DeviceFailure e) {
      try (CapturedGraph half = this) {
        throw e;
      }
    }
  }

  public void launch(Stream stream) {
    Status.cuda(JCudaDriver.cuGraphLaunch(executable, stream.handle()), "cuGraphLaunch");
  }

  @Override
  public void close() {
    Status.freedCuda(JCudaDriver.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
  }
}
