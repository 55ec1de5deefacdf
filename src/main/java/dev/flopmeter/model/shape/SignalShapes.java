package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Sizes;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** Windows, filters and transforms of signals. */
final class SignalShapes {
  private SignalShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    for (String op : List.of("BlackmanWindow", "HammingWindow", "HannWindow")) {
      rules.put(op, in -> List.of(asked(in, in.requireValue(0).longAt(0))));
    }
    rules.put(
        "MelWeightMatrix",
        in ->
            List.of(asked(in, in.requireValue(1).longAt(0) / 2 + 1, in.requireValue(0).longAt(0))));
    rules.put("DFT", SignalShapes::dft);
    rules.put("STFT", SignalShapes::stft);
  }

  private static TensorType asked(Operands in, long... dims) {
    long code = in.attributes().integer("output_datatype", DataType.FLOAT.code());
    return TensorType.of(DataType.ofCode(code), dims);
  }

  private static List<TensorType> dft(Operands in) {
    Shape x = in.shape(0);
    long asked =
        in.opset() >= 20
            ? (in.has(2) ? in.requireValue(2).longAt(0) : -2)
            : in.attributes().integer("axis", 1);
    int axis = x.axis(asked);
    boolean isOnesided = in.attributes().flag("onesided", false);
    boolean isRealAgain = isOnesided && in.attributes().flag("inverse", false);
    long implied = isRealAgain ? Sizes.multiply(2, x.dim(axis) - 1) : x.dim(axis);
    Shape out = x.with(axis, in.has(1) ? in.requireValue(1).longAt(0) : implied);
    if (isRealAgain) {
      return List.of(in.type(0).withShape(out.with(x.rank() - 1, 1)));
    }
    if (isOnesided) {
      out = out.with(axis, out.dim(axis) / 2 + 1);
    }
    return List.of(in.type(0).withShape(out.with(x.rank() - 1, 2)));
  }

  private static List<TensorType> stft(Operands in) {
    Shape signal = in.shape(0);
    long step = in.requireValue(1).longAt(0);
    long frame = in.has(3) ? in.requireValue(3).longAt(0) : in.shape(2).elements();
    if (step < 1 || frame < 1 || frame > signal.dim(1)) {
      throw new ModelException("frames of " + frame + " do not fit the signal " + signal);
    }
    long frames = (signal.dim(1) - frame) / step + 1;
    long bins = in.attributes().flag("onesided", true) ? frame / 2 + 1 : frame;
    return List.of(in.type(0).withShape(Shape.of(signal.dim(0), frames, bins, 2)));
  }
}
