import static jcuda.driver.JCudaDriver.*;
import static jcuda.jcudnn.JCudnn.*;

import jcuda.Pointer;
import jcuda.Sizeof;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import jcuda.jcudnn.cudnnActivationDescriptor;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgoPerf;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.runtime.cudaStream_t;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * Proves that the real JCuda and JCudnn natives run on the emulated GPU: a 3x3 convolution with bias and ReLU is captured
 * into a graph between two event-record nodes, replayed, and compared with plain loops. Then one of our own kernels is
 * launched from its PTX. The only argument is the PTX file.
 */
public final class Smoke {
    public static void main(String[] args) throws Exception {
        JCudaDriver.setExceptionsEnabled(true);
        cuInit(0);
        int[] version = new int[1];
        cuDriverGetVersion(version);
        CUdevice device = new CUdevice();
        cuDeviceGet(device, 0);
        byte[] name = new byte[100];
        cuDeviceGetName(name, name.length, device);
        CUcontext context = new CUcontext();
        cuDevicePrimaryCtxRetain(context, device);
        cuCtxSetCurrent(context);
        CUstream stream = new CUstream();
        cuStreamCreate(stream, 1);
        System.out.println(new String(name).trim() + ", driver " + version[0] + ", cuDNN " + cudnnGetVersion());

        int c = 8, k = 16, size = 12;
        cudnnHandle handle = new cudnnHandle();
        ok(cudnnCreate(handle));
        ok(cudnnSetStream(handle, new cudaStream_t(stream)));
        cudnnTensorDescriptor x = new cudnnTensorDescriptor();
        cudnnTensorDescriptor y = new cudnnTensorDescriptor();
        cudnnTensorDescriptor bias = new cudnnTensorDescriptor();
        cudnnFilterDescriptor w = new cudnnFilterDescriptor();
        cudnnConvolutionDescriptor conv = new cudnnConvolutionDescriptor();
        cudnnActivationDescriptor relu = new cudnnActivationDescriptor();
        ok(cudnnCreateTensorDescriptor(x));
        ok(cudnnCreateTensorDescriptor(y));
        ok(cudnnCreateTensorDescriptor(bias));
        ok(cudnnCreateFilterDescriptor(w));
        ok(cudnnCreateConvolutionDescriptor(conv));
        ok(cudnnCreateActivationDescriptor(relu));
        ok(cudnnSetTensor4dDescriptor(x, 0, 0, 1, c, size, size));
        ok(cudnnSetTensor4dDescriptor(y, 0, 0, 1, k, size, size));
        ok(cudnnSetTensor4dDescriptor(bias, 0, 0, 1, k, 1, 1));
        ok(cudnnSetFilter4dDescriptor(w, 0, 0, k, c, 3, 3));
        ok(cudnnSetConvolution2dDescriptor(conv, 1, 1, 1, 1, 1, 1, 1, 0));
        ok(cudnnSetConvolutionMathType(conv, 3));
        ok(cudnnSetActivationDescriptor(relu, 1, 0, 0));

        float[] xs = random(c * size * size, 1), ws = random(k * c * 9, 2), bs = random(k, 3);
        CUdeviceptr xp = upload(xs), wp = upload(ws), bp = upload(bs), yp = new CUdeviceptr();
        cuMemAlloc(yp, (long) k * size * size * Sizeof.FLOAT);

        cudnnConvolutionFwdAlgoPerf[] found = new cudnnConvolutionFwdAlgoPerf[8];
        for (int i = 0; i < found.length; i++) found[i] = new cudnnConvolutionFwdAlgoPerf();
        int[] count = new int[1];
        ok(cudnnFindConvolutionForwardAlgorithm(handle, x, w, conv, y, found.length, count, found));
        long workspaceSize = found[0].memory;
        CUdeviceptr workspace = new CUdeviceptr();
        cuMemAlloc(workspace, Math.max(16, workspaceSize));

        CUevent start = new CUevent(), end = new CUevent();
        cuEventCreate(start, 0);
        cuEventCreate(end, 0);
        Pointer one = Pointer.to(new float[] {1}), zero = Pointer.to(new float[] {0});
        cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL);
        cuEventRecordWithFlags(start, stream, 1);
        ok(cudnnConvolutionBiasActivationForward(handle, one, x, xp, w, wp, conv, found[0].algo, workspace,
                workspaceSize, zero, y, yp, bias, bp, relu, y, yp));
        cuEventRecordWithFlags(end, stream, 1);
        CUgraph graph = new CUgraph();
        cuStreamEndCapture(stream, graph);
        long[] nodes = new long[1];
        cuGraphGetNodes(graph, (CUgraphNode[]) null, nodes);
        CUgraphExec exec = new CUgraphExec();
        cuGraphInstantiate(exec, graph, 0);
        cuGraphLaunch(exec, stream);
        cuStreamSynchronize(stream);
        float[] ms = new float[1];
        cuEventElapsedTime(ms, start, end);

        float[] ys = new float[k * size * size];
        cuMemcpyDtoH(Pointer.to(ys), yp, (long) ys.length * Sizeof.FLOAT);
        double worst = 0;
        for (int f = 0; f < k; f++)
            for (int i = 0; i < size; i++)
                for (int j = 0; j < size; j++) {
                    double sum = bs[f];
                    for (int ch = 0; ch < c; ch++)
                        for (int r = 0; r < 3; r++)
                            for (int s = 0; s < 3; s++) {
                                int h = i + r - 1, v = j + s - 1;
                                if (h >= 0 && v >= 0 && h < size && v < size)
                                    sum += xs[(ch * size + h) * size + v] * ws[((f * c + ch) * 3 + r) * 3 + s];
                            }
                    worst = Math.max(worst, Math.abs(Math.max(0, sum) - ys[(f * size + i) * size + j]));
                }
        System.out.printf("graph of %d nodes, algorithm %d, %d bytes of workspace, %.3f ms, largest error %.2e%n",
                nodes[0], found[0].algo, workspaceSize, ms[0], worst);
        if (!(worst < 1e-4)) throw new AssertionError("wrong result");
        sigmoid(Files.readString(Path.of(args[0])), stream, yp, ys);

        ok(cudnnDestroyActivationDescriptor(relu));
        ok(cudnnDestroyConvolutionDescriptor(conv));
        ok(cudnnDestroyFilterDescriptor(w));
        for (cudnnTensorDescriptor d : new cudnnTensorDescriptor[] {x, y, bias}) ok(cudnnDestroyTensorDescriptor(d));
        ok(cudnnDestroy(handle));
        for (CUdeviceptr p : new CUdeviceptr[] {xp, wp, bp, yp, workspace}) cuMemFree(p);
        cuGraphExecDestroy(exec);
        cuGraphDestroy(graph);
        cuEventDestroy(start);
        cuEventDestroy(end);
        cuStreamDestroy(stream);
        cuDevicePrimaryCtxRelease(device);
    }

    /** Runs the kernel "unary" in place; the arguments are the struct that src/main/kernels/unary.c declares. */
    private static void sigmoid(String ptx, CUstream stream, CUdeviceptr values, float[] before) {
        CUmodule module = new CUmodule();
        CUfunction unary = new CUfunction();
        cuModuleLoadData(module, ptx);
        cuModuleGetFunction(unary, module, "unary");
        ByteBuffer arguments = ByteBuffer.allocateDirect(48).order(ByteOrder.nativeOrder());
        arguments.putLong(address(values)).putLong(address(values)).putLong(before.length);
        arguments.putInt(2).putInt(0).putInt(0).putFloat(0).putFloat(0).flip();
        cuLaunchKernel(unary, 4, 1, 1, 128, 1, 1, 0, stream, Pointer.to(Pointer.to(arguments)), null);
        cuStreamSynchronize(stream);
        float[] after = new float[before.length];
        cuMemcpyDtoH(Pointer.to(after), values, (long) after.length * Sizeof.FLOAT);
        double worst = 0;
        for (int i = 0; i < after.length; i++)
            worst = Math.max(worst, Math.abs(after[i] - 1 / (1 + Math.exp(-before[i]))));
        System.out.printf("kernel from PTX, largest error %.2e%n", worst);
        if (!(worst < 1e-6)) throw new AssertionError("wrong result");
        cuModuleUnload(module);
    }

    /** The device address behind a pointer, which JCuda keeps to itself but prints. */
    private static long address(CUdeviceptr pointer) {
        String text = pointer.toString();
        return Long.decode(text.replaceAll(".*nativePointer=(0x[0-9a-fA-F]+).*", "$1"));
    }

    private static void ok(int status) {
        if (status != 0) throw new AssertionError(cudnnGetErrorString(status));
    }

    private static float[] random(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = random.nextFloat() - 0.5f;
        return values;
    }

    private static CUdeviceptr upload(float[] values) {
        CUdeviceptr pointer = new CUdeviceptr();
        cuMemAlloc(pointer, (long) values.length * Sizeof.FLOAT);
        cuMemcpyHtoD(pointer, Pointer.to(values), (long) values.length * Sizeof.FLOAT);
        return pointer;
    }
}
