package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.TorchOrigin;
import java.util.Map;

/** Activation modules, with the operators that they are exported as. */
enum ActivationLayer {
  NONE("", ""),
  RELU("Relu", "ReLU"),
  /** A ReLU called as a function. */
  FUNCTIONAL_RELU("Relu", ""),
  RELU6("Clip", "ReLU6") {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      String low = net.scalar(name + ".low", 0);
      String high = net.scalar(name + ".high", 6);
      return net.op("Clip", name, "ReLU6", Attributes.NONE, x, low, high);
    }
  },
  SILU("Mul", "SiLU") {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      Map<String, String> part = Map.of(TorchOrigin.MODULE, "", TorchOrigin.FUNCTION, "");
      Map<String, String> whole = Map.of(TorchOrigin.MODULE, "SiLU", TorchOrigin.FUNCTION, "silu");
      String gate = net.op("Sigmoid", name + ".gate", part, Attributes.NONE, x);
      return net.op("Mul", name, whole, Attributes.NONE, x, gate);
    }
  },
  HARDSWISH("HardSwish", "Hardswish"),
  HARDSIGMOID("HardSigmoid", "Hardsigmoid") {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      Attributes sixth = Attributes.of("alpha", 1.0 / 6, "beta", 0.5);
      return net.op("HardSigmoid", name, "Hardsigmoid", sixth, x);
    }
  },
  SIGMOID("Sigmoid", "Sigmoid"),
  GELU("Gelu", "GELU");

  private final String op;
  private final String module;

  ActivationLayer(String op, String module) {
    this.op = op;
    this.module = module;
  }

  String add(NetworkBuilder net, String name, String x) {
    return op.isEmpty() ? x : net.op(op, name, module, Attributes.NONE, x);
  }
}
