package dev.flopmeter.model.zoo;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.TorchOrigin;
import java.util.Map;

/** Activation modules, as the operators they are exported as. */
enum ActivationLayer {
  NONE {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      return x;
    }
  },
  RELU {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      return net.relu(name, x);
    }
  },
  /** A ReLU called as a function. */
  FUNCTIONAL_RELU {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      return net.op("Relu", name, "", Attributes.NONE, x);
    }
  },
  RELU6 {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      String low = net.constant(name + ".low", Tensor.ofFloats(Shape.SCALAR, 0));
      String high = net.constant(name + ".high", Tensor.ofFloats(Shape.SCALAR, 6));
      return net.op("Clip", name, "ReLU6", Attributes.NONE, x, low, high);
    }
  },
  SILU {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      Map<String, String> part = Map.of(TorchOrigin.MODULE, "", TorchOrigin.FUNCTION, "");
      Map<String, String> whole = Map.of(TorchOrigin.MODULE, "SiLU", TorchOrigin.FUNCTION, "silu");
      String gate = net.op("Sigmoid", name + ".gate", part, Attributes.NONE, x);
      return net.op("Mul", name, whole, Attributes.NONE, x, gate);
    }
  },
  HARDSWISH {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      return net.op("HardSwish", name, "Hardswish", Attributes.NONE, x);
    }
  },
  HARDSIGMOID {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      return net.op(
          "HardSigmoid", name, "Hardsigmoid", Attributes.of("alpha", 1.0 / 6, "beta", 0.5), x);
    }
  },
  SIGMOID {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      return net.op("Sigmoid", name, "Sigmoid", Attributes.NONE, x);
    }
  },
  GELU {
    @Override
    String add(NetworkBuilder net, String name, String x) {
      return net.op("Gelu", name, "GELU", Attributes.NONE, x);
    }
  };

  abstract String add(NetworkBuilder net, String name, String x);
}
