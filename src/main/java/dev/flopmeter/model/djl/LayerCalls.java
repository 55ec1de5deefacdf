package dev.flopmeter.model.djl;

import ai.djl.nn.recurrent.RNN;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.djl.TracedCalls.Arguments;
import dev.flopmeter.model.djl.TracedCalls.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The layers of networks: the methods of DJL's {@code NDArrayEx}, which its blocks call. */
final class LayerCalls {
  private LayerCalls() {}

  static void addTo(Map<String, Call> calls) {
    calls.put("getIndexer(NDManager)", (x, in) -> new SliceIndexer(x.tracing()));
    activations(calls);
    pools(calls);
    products(calls);
    normalisations(calls);
    recurrent(calls);
    severalArrays(calls);
  }

  private static void activations(Map<String, Call> calls) {
    calls.put(
        "leakyRelu(float)", (x, in) -> x.op("LeakyRelu", Attributes.of("alpha", in.get(0)), x));
    calls.put("elu(float)", (x, in) -> x.op("Elu", Attributes.of("alpha", in.get(0)), x));
    calls.put(
        "swish(float)",
        (x, in) -> {
          double beta = in.number(0);
          return x.binary("Mul", x.op("Sigmoid", beta == 1 ? x : x.times(beta)));
        });
    calls.put(
        "prelu(NDArray,NDArray)", (x, in) -> List.of(x.op("PRelu", in.array(0), in.array(1))));
    calls.put("dropout(NDArray,float,boolean)", (x, in) -> List.of(in.array(0)));
  }

  private static Attributes window(long[] kernel, long[] stride, long... padding) {
    long[] pads = new long[2 * kernel.length];
    System.arraycopy(padding, 0, pads, 0, padding.length);
    System.arraycopy(padding, 0, pads, kernel.length, padding.length);
    return Attributes.of("kernel_shape", kernel, "strides", stride, "pads", pads);
  }

  /** Reads kernel, stride, padding and rounding mode, starting at argument {@code first}. */
  private static Attributes pool(Arguments in, int first) {
    return window(in.longs(first), in.longs(first + 1), in.longs(first + 2))
        .with("ceil_mode", in.flag(first + 3));
  }

  private static void pools(Map<String, Call> calls) {
    calls.put("maxPool(Shape,Shape,Shape,boolean)", (x, in) -> x.op("MaxPool", pool(in, 0), x));
    calls.put(
        "avgPool(Shape,Shape,Shape,boolean,boolean)",
        (x, in) -> x.op("AveragePool", pool(in, 0).with("count_include_pad", in.flag(4)), x));
    calls.put(
        "lpPool(float,Shape,Shape,Shape,boolean)",
        (x, in) -> x.op("LpPool", pool(in, 1).with("p", Math.round(in.number(0))), x));
    calls.put("globalMaxPool()", (x, in) -> global("GlobalMaxPool", x, Attributes.NONE));
    calls.put("globalAvgPool()", (x, in) -> global("GlobalAveragePool", x, Attributes.NONE));
    calls.put(
        "globalLpPool(float)",
        (x, in) -> global("GlobalLpPool", x, Attributes.of("p", Math.round(in.number(0)))));
  }

  /** DJL's global pools drop the spatial axes. */
  private static TracedArray global(String op, TracedArray x, Attributes attributes) {
    return x.op(op, attributes, x).reshaped(x.dims().slice(0, 2).dims());
  }

  private static void products(Map<String, Call> calls) {
    calls.put(
        "convolution(NDArray,NDArray,NDArray,Shape,Shape,Shape,int)",
        (x, in) -> {
          TracedArray kernel = in.array(1);
          Attributes attributes = convolution(kernel, in, in.longs(5), in.integer(6));
          return List.of(x.op("Conv", attributes, in.array(0), kernel, in.optional(2)));
        });
    calls.put(
        "deconvolution(NDArray,NDArray,NDArray,Shape,Shape,Shape,Shape,int)",
        (x, in) -> {
          TracedArray input = in.array(0);
          TracedArray kernel = in.array(1);
          int groups = in.integer(7);
          Attributes attributes =
              convolution(kernel, in, in.longs(6), groups).with("output_padding", in.longs(5));
          kernel = inputsFirst(input.dims().dim(1), kernel, groups);
          return List.of(x.op("ConvTranspose", attributes, input, kernel, in.optional(2)));
        });
    calls.put(
        "linear(NDArray,NDArray,NDArray)",
        (x, in) -> List.of(linear(in.array(0), in.array(1), in.optional(2))));
    calls.put(
        "embedding(NDArray,NDArray,SparseFormat)",
        (x, in) -> List.of(in.array(1).taken(in.array(0), 0)));
  }

  private static Attributes convolution(
      TracedArray kernel, Arguments in, long[] dilation, int groups) {
    return window(kernel.dims().slice(2, kernel.rank()).dims(), in.longs(3), in.longs(4))
        .with("dilations", dilation)
        .with("group", groups);
  }

  /**
   * DJL's Deconvolution block shapes its weight [filters, inputs / groups, ...]; a transposed
   * convolution reads [inputs, filters / groups, ...], the same number of values.
   */
  private static TracedArray inputsFirst(long inputs, TracedArray kernel, int groups) {
    long filters = kernel.dims().dim(0);
    if (filters == inputs || kernel.dims().dim(1) * groups != inputs) {
      return kernel;
    }
    return kernel.storedAs(kernel.dims().with(0, inputs).with(1, filters / groups));
  }

  private static TracedArray linear(TracedArray x, TracedArray matrix, @Nullable TracedArray bias) {
    long out = matrix.dims().dim(0);
    long in = matrix.dims().dim(1);
    if (x.dims().dim(-1) != in) {
      throw new ModelException(
          "a linear layer for " + in + " features cannot take an input " + x.dims());
    }
    if (x.rank() == 2) {
      return x.op("Gemm", Attributes.of("transB", 1), x, matrix, bias);
    }
    TracedArray product = x.op("MatMul", x, matrix.storedAs(Shape.of(in, out)));
    return bias == null ? product : x.op("Add", product, bias);
  }

  private static void normalisations(Map<String, Call> calls) {
    calls.put(
        "layerNorm(NDArray,Shape,NDArray,NDArray,float)",
        (x, in) -> {
          Attributes attributes = Attributes.of("axis", -in.longs(1).length, "epsilon", in.get(4));
          return List.of(
              x.op("LayerNormalization", attributes, in.array(0), in.array(2), in.array(3)));
        });
    calls.put(
        "batchNorm(NDArray,NDArray,NDArray,NDArray,NDArray,int,float,float,boolean)",
        (x, in) -> List.of(batchNorm(in.array(0), in)));
    calls.put("normalize(float[],float[])", LayerCalls::normalize);
    calls.put(
        "toTensor()",
        (x, in) -> {
          TracedArray images = x.rank() == 3 ? x.unsqueezed(0) : x;
          TracedArray planes = images.quotient(images.scalar(255)).permuted(0, 3, 1, 2);
          return x.rank() == 3 ? planes.squeezed(0) : planes;
        });
  }

  private static TracedArray batchNorm(TracedArray x, Arguments in) {
    int[] order = IntStream.range(0, x.rank()).toArray();
    if (in.integer(5) != -1) {
      int channels = x.axis(in.integer(5));
      order[1] = channels;
      order[channels] = 1;
    }
    Attributes attributes = Attributes.of("epsilon", in.get(7));
    TracedArray turned = x.permuted(order);
    return x.op(
            "BatchNormalization",
            attributes,
            turned,
            in.array(3),
            in.array(4),
            in.array(1),
            in.array(2))
        .permuted(order);
  }

  private static TracedArray normalize(TracedArray x, Arguments in) {
    float[] mean = (float[]) in.get(0);
    Shape channels = Shape.of(mean.length, 1, 1);
    Shape shape = x.rank() == 3 ? channels : Shape.of(1).concat(channels);
    Trace trace = x.tracing();
    return x.binary("Sub", trace.constant(DenseTensor.ofFloats(shape, mean)))
        .quotient(trace.constant(DenseTensor.ofFloats(shape, (float[]) in.get(1))));
  }

  private static void recurrent(Map<String, Call> calls) {
    calls.put(
        "rnn(NDArray,NDArray,NDList,boolean,int,Activation,double,boolean,boolean,boolean)",
        (x, in) -> {
          String function = in.get(5) == RNN.Activation.RELU ? "Relu" : "Tanh";
          List<String> functions = in.isTrue(8) ? List.of(function, function) : List.of(function);
          Attributes attributes = Attributes.of("activations", functions);
          return new RecurrentLayers(
                  "RNN", 1, attributes, in.integer(4), in.isTrue(3), in.isTrue(8), in.isTrue(9))
              .run(in.array(0), in.arrays(2), List.of(in.array(1)));
        });
    calls.put(
        "gru(NDArray,NDArray,NDList,boolean,int,double,boolean,boolean,boolean)",
        (x, in) ->
            gated("GRU", 3, Attributes.of("linear_before_reset", 1), in)
                .run(in.array(0), in.arrays(2), List.of(in.array(1))));
    calls.put(
        "lstm(NDArray,NDList,NDList,boolean,int,double,boolean,boolean,boolean)",
        (x, in) ->
            gated("LSTM", 4, Attributes.NONE, in).run(in.array(0), in.arrays(2), in.arrays(1)));
  }

  private static RecurrentLayers gated(String op, int gates, Attributes attributes, Arguments in) {
    return new RecurrentLayers(
        op, gates, attributes, in.integer(4), in.isTrue(3), in.isTrue(7), in.isTrue(8));
  }

  private static void severalArrays(Map<String, Call> calls) {
    calls.put(
        "where(NDArray,NDArray)",
        (x, in) ->
            x.op("Where", in.array(0).cast(DataType.BOOL), x, in.array(1).cast(x.type().type())));
    calls.put(
        "stack(NDList,int)",
        (x, in) ->
            concat(
                withThisFirst(x, in).stream().map(part -> part.unsqueezed(in.integer(1))).toList(),
                in.integer(1)));
    calls.put("concat(NDList,int)", (x, in) -> concat(withThisFirst(x, in), in.integer(1)));
  }

  static TracedArray concat(List<TracedArray> parts, int axis) {
    TracedArray[] all = parts.toArray(TracedArray[]::new);
    return all[0].op("Concat", Attributes.of("axis", axis), all);
  }

  /** DJL passes the arrays with or without this one in front. */
  private static List<TracedArray> withThisFirst(TracedArray x, Arguments in) {
    List<TracedArray> all = new ArrayList<>(in.arrays(0));
    if (all.isEmpty() || all.get(0) != x) {
      all.add(0, x);
    }
    return all;
  }
}
