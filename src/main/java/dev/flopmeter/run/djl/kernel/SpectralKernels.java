package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.Map;

/** Fourier transforms, window functions and mel filter banks. */
final class SpectralKernels {
  private SpectralKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("DFT", SpectralKernels::dft);
    rules.put("STFT", SpectralKernels::stft);
    rules.put("HannWindow", in -> window(in, 0.5, 0.5, 0));
    rules.put("HammingWindow", in -> window(in, 25.0 / 46, 21.0 / 46, 0));
    rules.put("BlackmanWindow", in -> window(in, 0.42, 0.5, 0.08));
    rules.put("MelWeightMatrix", SpectralKernels::melWeights);
  }

  /** Numbers are real (last axis 1) or complex (last axis 2); a one-sided inverse is real. */
  private static Kernel dft(Operands in) {
    Shape shape = in.shape(0);
    long asked =
        in.opset() >= 20
            ? (in.has(2) ? in.requireValue(2).longAt(0) : -2)
            : in.attributes().integer("axis", 1);
    int axis = shape.axis(asked);
    boolean half = in.attributes().flag("onesided", false);
    boolean inverse = in.attributes().flag("inverse", false);
    Object length = in.has(1) ? (Object) in.requireValue(1).longAt(0) : NONE;
    Expression signal = shape.dim(-1) == 2 ? complex(input(0)) : input(0).select(-1, 0);
    if (inverse && half) {
      return Kernel.of(call("fft_irfft", signal, length, axis).unsqueezed(-1));
    }
    Expression result =
        inverse ? call("fft_ifft", signal, length, axis) : call("fft_fft", signal, length, axis);
    if (half) {
      result = result.narrow(axis, 0, in.output(0).shape().dim(axis));
    }
    return Kernel.of(call("view_as_real", result)).reportedAs(inverse ? "fft_ifft" : "fft_fft");
  }

  private static Expression complex(Expression pairs) {
    return call("view_as_complex", call("contiguous", pairs));
  }

  /** Overlapping frames, weighted by the window, each transformed. */
  private static Kernel stft(Operands in) {
    Shape signal = in.shape(0);
    long frame = in.has(3) ? in.requireValue(3).longAt(0) : in.shape(2).elements();
    Expression value = input(0);
    if (signal.rank() == 3) {
      value = signal.dim(2) == 2 ? complex(value) : call("squeeze", value, 2);
    }
    Expression frames = call("unfold", value, 1, frame, in.requireValue(1).longAt(0));
    if (in.has(2)) {
      frames = frames.times(input(2));
    }
    Expression kept = call("fft_fft", frames).narrow(2, 0, in.output(0).shape().dim(2));
    return Kernel.of(call("view_as_real", kept)).reportedAs("fft_fft");
  }

  /** {@code a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N)}; N is one less if not periodic. */
  private static Kernel window(Operands in, double a0, double a1, double a2) {
    TensorType type = in.output(0);
    long size = type.shape().elements();
    boolean periodic = in.attributes().flag("periodic", true);
    double step = 2 * Math.PI / Math.max(1, periodic ? size : size - 1);
    double[] values = new double[Math.toIntExact(size)];
    for (int n = 0; n < values.length; n++) {
      values[n] = a0 - a1 * Math.cos(step * n) + a2 * Math.cos(2 * step * n);
    }
    return constant(in, values);
  }

  private static Kernel constant(Operands in, double[] values) {
    TensorType type = in.output(0);
    Expression exact =
        Expression.constant(DenseTensor.ofDoubles(type.withType(DataType.DOUBLE), values));
    return Kernel.of(exact.to(Kernels.code(in, type.type())));
  }

  /**
   * Triangular filters, equally wide on the mel scale, computed in the steps of ONNX's definition.
   */
  private static Kernel melWeights(Operands in) {
    int bands = Math.toIntExact(in.requireValue(0).longAt(0));
    long length = in.requireValue(1).longAt(0);
    long rate = in.requireValue(2).longAt(0);
    double low = mel(in.requireValue(3).doubleAt(0));
    double step = (mel(in.requireValue(4).doubleAt(0)) - low) / (bands + 2);
    int[] edges = new int[bands + 2];
    for (int i = 0; i < edges.length; i++) {
      double hertz = 700 * (Math.pow(10, (low + step * i) / 2595) - 1);
      edges[i] = (int) Math.floor((length + 1) * hertz / rate);
    }
    double[] weights = new double[Math.toIntExact(in.output(0).elements())];
    for (int band = 0; band < bands; band++) {
      int from = edges[band];
      int peak = edges[band + 1];
      int to = edges[band + 2];
      for (int bin = from; bin < peak; bin++) {
        weights[bin * bands + band] = (double) (bin - from) / (peak - from);
      }
      weights[peak * bands + band] = 1;
      for (int bin = peak; bin < to; bin++) {
        weights[bin * bands + band] = (double) (to - bin) / (to - peak);
      }
    }
    return constant(in, weights);
  }

  private static double mel(double hertz) {
    return 2595 * Math.log10(1 + hertz / 700);
  }
}
