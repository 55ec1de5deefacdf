package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDArrayIndexer;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.recurrent.RNN;
import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The layers of networks, as DJL's blocks call them, written as ONNX operators: methods of DJL's
 * {@code NDArrayEx}, which {@link TracedCalls} finds by name and parameters.
 */
final class TracedLayers {
  private final TracedArray array;

  TracedLayers(TracedArray array) {
    this.array = array;
  }

  public NDArray getArray() {
    return array;
  }

  public NDArrayIndexer getIndexer(NDManager manager) {
    return new SliceIndexer();
  }

  // Activations

  public NDArray leakyRelu(float alpha) {
    return array.op("LeakyRelu", Attributes.of("alpha", alpha), array);
  }

  public NDArray elu(float alpha) {
    return array.op("Elu", Attributes.of("alpha", alpha), array);
  }

  public NDArray swish(float beta) {
    TracedArray inner = beta == 1 ? array : array.times(beta);
    return array.binary("Mul", array.op("Sigmoid", inner));
  }

  public NDList prelu(NDArray input, NDArray slope) {
    return one(array.op("PRelu", array.operand(input), array.operand(slope)));
  }

  // Windows

  private static Attributes window(Shape kernel, Shape stride, Shape padding) {
    long[] pads = new long[2 * kernel.dimension()];
    for (int i = 0; i < padding.dimension(); i++) {
      pads[i] = padding.get(i);
      pads[kernel.dimension() + i] = padding.get(i);
    }
    return Attributes.of(
        "kernel_shape", kernel.getShape(), "strides", stride.getShape(), "pads", pads);
  }

  private static Attributes withCeil(Attributes window, boolean ceil) {
    return window.with("ceil_mode", ceil ? 1 : 0);
  }

  public NDArray maxPool(Shape kernel, Shape stride, Shape padding, boolean ceil) {
    return array.op("MaxPool", withCeil(window(kernel, stride, padding), ceil), array);
  }

  public NDArray avgPool(
      Shape kernel, Shape stride, Shape padding, boolean ceil, boolean countPadding) {
    Attributes attributes =
        withCeil(window(kernel, stride, padding), ceil)
            .with("count_include_pad", countPadding ? 1 : 0);
    return array.op("AveragePool", attributes, array);
  }

  public NDArray lpPool(float norm, Shape kernel, Shape stride, Shape padding, boolean ceil) {
    Attributes attributes =
        withCeil(window(kernel, stride, padding), ceil).with("p", Math.round(norm));
    return array.op("LpPool", attributes, array);
  }

  /** DJL's global pools drop the spatial axes. */
  private NDArray global(String op, Attributes attributes) {
    return array.op(op, attributes, array).reshaped(array.dims().slice(0, 2).dims());
  }

  public NDArray globalMaxPool() {
    return global("GlobalMaxPool", Attributes.NONE);
  }

  public NDArray globalAvgPool() {
    return global("GlobalAveragePool", Attributes.NONE);
  }

  public NDArray globalLpPool(float norm) {
    return global("GlobalLpPool", Attributes.of("p", Math.round(norm)));
  }

  public NDList convolution(
      NDArray input,
      NDArray weight,
      @Nullable NDArray bias,
      Shape stride,
      Shape padding,
      Shape dilation,
      int groups) {
    TracedArray kernel = array.operand(weight);
    Attributes attributes =
        window(weight.getShape().slice(2), stride, padding)
            .with("dilations", dilation.getShape())
            .with("group", groups);
    return one(array.op("Conv", attributes, array.operand(input), kernel, optional(bias)));
  }

  public NDList deconvolution(
      NDArray input,
      NDArray weight,
      @Nullable NDArray bias,
      Shape stride,
      Shape padding,
      Shape outPadding,
      Shape dilation,
      int groups) {
    TracedArray x = array.operand(input);
    Attributes attributes =
        window(weight.getShape().slice(2), stride, padding)
            .with("output_padding", outPadding.getShape())
            .with("dilations", dilation.getShape())
            .with("group", groups);
    TracedArray kernel = inputsFirst(x.dims().dim(1), array.operand(weight), groups);
    return one(array.op("ConvTranspose", attributes, x, kernel, optional(bias)));
  }

  /**
   * DJL's Deconvolution block shapes its weight [filters, inputs / groups, ...]; a transposed
   * convolution reads [inputs, filters / groups, ...], as many numbers.
   */
  private static TracedArray inputsFirst(long inputs, TracedArray kernel, int groups) {
    long filters = kernel.dims().dim(0);
    if (filters == inputs || kernel.dims().dim(1) * groups != inputs) {
      return kernel;
    }
    return kernel.storedAs(kernel.dims().with(0, inputs).with(1, filters / groups));
  }

  // Products and look-ups

  public NDList linear(NDArray input, NDArray weight, @Nullable NDArray bias) {
    TracedArray x = array.operand(input);
    TracedArray matrix = array.operand(weight);
    if (x.dims().dim(-1) != matrix.dims().dim(1)) {
      throw new ModelException(
          "a linear layer for "
              + matrix.dims().dim(1)
              + " features cannot take an input "
              + x.dims());
    }
    if (x.rank() == 2) {
      return one(array.op("Gemm", Attributes.of("transB", 1), x, matrix, optional(bias)));
    }
    TracedArray turned =
        matrix.storedAs(dev.flopmeter.model.Shape.of(matrix.dims().dim(1), matrix.dims().dim(0)));
    TracedArray product = array.op("MatMul", x, turned);
    TracedArray offset = optional(bias);
    return one(offset == null ? product : array.op("Add", product, offset));
  }

  public NDList embedding(NDArray input, NDArray weight, SparseFormat ignored) {
    return one(array.operand(weight).taken(array.operand(input), 0));
  }

  // Normalisation

  public NDList dropout(NDArray input, float rate, boolean training) {
    return one(array.operand(input));
  }

  public NDList layerNorm(
      NDArray input, Shape normalized, NDArray scale, NDArray shift, float epsilon) {
    Attributes attributes = Attributes.of("axis", -normalized.dimension(), "epsilon", epsilon);
    return one(
        array.op(
            "LayerNormalization",
            attributes,
            array.operand(input),
            array.operand(scale),
            array.operand(shift)));
  }

  public NDList batchNorm(
      NDArray input,
      NDArray mean,
      NDArray variance,
      NDArray scale,
      NDArray shift,
      int channelAxis,
      float momentum,
      float epsilon,
      boolean training) {
    TracedArray x = array.operand(input);
    int[] order = IntStream.range(0, x.rank()).toArray();
    if (channelAxis != -1) {
      int channels = x.axis(channelAxis);
      order[1] = channels;
      order[channels] = 1;
    }
    TracedArray result =
        array.op(
            "BatchNormalization",
            Attributes.of("epsilon", epsilon),
            x.permuted(order),
            array.operand(scale),
            array.operand(shift),
            array.operand(mean),
            array.operand(variance));
    return one(result.permuted(order));
  }

  // Recurrent layers

  public NDList rnn(
      NDArray input,
      NDArray state,
      NDList weights,
      boolean biases,
      int layers,
      RNN.Activation activation,
      double dropRate,
      boolean training,
      boolean bidirectional,
      boolean batchFirst) {
    String function = activation == RNN.Activation.RELU ? "Relu" : "Tanh";
    Attributes attributes =
        Attributes.of(
            "activations", bidirectional ? List.of(function, function) : List.of(function));
    return new RecurrentLayers("RNN", 1, attributes, layers, biases, bidirectional, batchFirst)
        .run(array.operand(input), weights, List.of(array.operand(state)));
  }

  public NDList gru(
      NDArray input,
      NDArray state,
      NDList weights,
      boolean biases,
      int layers,
      double dropRate,
      boolean training,
      boolean bidirectional,
      boolean batchFirst) {
    Attributes attributes = Attributes.of("linear_before_reset", 1);
    return new RecurrentLayers("GRU", 3, attributes, layers, biases, bidirectional, batchFirst)
        .run(array.operand(input), weights, List.of(array.operand(state)));
  }

  public NDList lstm(
      NDArray input,
      NDList states,
      NDList weights,
      boolean biases,
      int layers,
      double dropRate,
      boolean training,
      boolean bidirectional,
      boolean batchFirst) {
    List<TracedArray> initial = states.stream().map(array::operand).toList();
    return new RecurrentLayers(
            "LSTM", 4, Attributes.NONE, layers, biases, bidirectional, batchFirst)
        .run(array.operand(input), weights, initial);
  }

  // Several arrays

  public NDArray where(NDArray condition, NDArray other) {
    TracedArray test = array.operand(condition).cast(DataType.BOOL);
    return array.op("Where", test, array, array.operand(other).cast(array.type().type()));
  }

  /** DJL gives the arrays with or without this one in front. */
  private List<TracedArray> withThisFirst(NDList arrays) {
    List<TracedArray> all = new ArrayList<>();
    if (arrays.isEmpty() || !array.operand(arrays.head()).equals(array)) {
      all.add(array);
    }
    arrays.forEach(other -> all.add(array.operand(other)));
    return all;
  }

  public NDArray stack(NDList arrays, int axis) {
    TracedArray[] parts =
        withThisFirst(arrays).stream()
            .map(part -> part.unsqueezed(axis))
            .toArray(TracedArray[]::new);
    return array.op("Concat", Attributes.of("axis", axis), parts);
  }

  public NDArray concat(NDList arrays, int axis) {
    TracedArray[] parts = withThisFirst(arrays).toArray(TracedArray[]::new);
    return array.op("Concat", Attributes.of("axis", axis), parts);
  }

  public NDArray toTensor() {
    TracedArray image = array.rank() == 3 ? array.unsqueezed(0) : array;
    TracedArray planes = image.quotient(image.scalar(255)).permuted(0, 3, 1, 2);
    return array.rank() == 3 ? planes.squeeze(0) : planes;
  }

  public NDArray normalize(float[] mean, float[] deviation) {
    Shape perChannel =
        array.rank() == 3 ? new Shape(mean.length, 1, 1) : new Shape(1, mean.length, 1, 1);
    NDManager manager = array.getManager();
    return array
        .binary("Sub", array.operand(manager.create(mean, perChannel)))
        .quotient(array.operand(manager.create(deviation, perChannel)));
  }

  private @Nullable TracedArray optional(@Nullable NDArray other) {
    return other == null ? null : array.operand(other);
  }

  private static NDList one(NDArray result) {
    return new NDList(result);
  }
}
