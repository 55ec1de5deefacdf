package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;

import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.util.Map;

/** Fourier transforms. */
final class SpectralKernels {
  private SpectralKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("DFT", SpectralKernels::dft);
    rules.put("STFT", SpectralKernels::stft);
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
}
