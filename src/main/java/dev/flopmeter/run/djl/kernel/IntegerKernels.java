package dev.flopmeter.run.djl.kernel;

import static dev.flopmeter.run.djl.kernel.Expression.NONE;
import static dev.flopmeter.run.djl.kernel.Expression.call;
import static dev.flopmeter.run.djl.kernel.Expression.input;
import static dev.flopmeter.run.djl.kernel.Expression.once;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

/**
 * Convolutions and products of 8-bit integers, exact on every processor: in float32, which holds
 * all integers up to 2^24, with the summed axis in as many parts as keep every sum within that. The
 * sums of the parts are added as integers. Where even the smallest part may exceed the limit, and
 * for 8-bit floats, float64 is used.
 *
 * <p>Quantised results are scaled in float32, as the integer kernels of other runtimes do.
 */
final class IntegerKernels {
  private static final long EXACT = 1L << 24;

  private IntegerKernels() {}

  static void addTo(Map<String, KernelRule> rules) {
    rules.put("ConvInteger", in -> Kernel.of(convolution(in, 0, 2, 1, 3).to(ScalarTypes.INT32)));
    rules.put("MatMulInteger", in -> Kernel.of(product(in, 0, 2, 1, 3).to(ScalarTypes.INT32)));
    rules.put("QLinearConv", IntegerKernels::quantizedConvolution);
    rules.put("QLinearMatMul", IntegerKernels::quantizedProduct);
  }

  /** A sum of products, exact in the type with PyTorch's number {@code type}. */
  private record Sum(Expression value, int type) {
    /** Sums beyond 32 bits wrap around; a float out of an integer's range would be any number. */
    Expression to(int wanted) {
      boolean mayWrap = type == ScalarTypes.DOUBLE && wanted == ScalarTypes.INT32;
      return wanted == type ? value : (mayWrap ? value.to(ScalarTypes.INT64) : value).to(wanted);
    }
  }

  /**
   * One of the two tensors that are multiplied.
   *
   * @param index its input
   * @param zeroPoint the input of its zero point, which may be absent
   * @param shape brings the zero point into a shape that broadcasts
   */
  private record Factor(Operands in, int index, int zeroPoint, UnaryOperator<Expression> shape) {

    /** The tensor less its zero point. */
    Expression shifted(int type) {
      Expression value = input(index).to(type);
      return in.has(zeroPoint) ? value.minus(shape.apply(input(zeroPoint).to(type))) : value;
    }

    boolean isConstant() {
      return in.value(index).isPresent() && (!in.has(zeroPoint) || in.value(zeroPoint).isPresent());
    }

    /** A value computed from it alone: once, as a copy, if it is constant. */
    Expression fixed(Expression value) {
      return isConstant() ? once(call("clone", value)) : value;
    }

    /** Whether it holds 8-bit integers. */
    boolean isByte() {
      DataType type = in.type(index).type();
      return type == DataType.INT8 || type == DataType.UINT8;
    }

    private long lowest() {
      return in.type(index).type() == DataType.INT8 ? -128 : 0;
    }

    /** The greatest magnitude that its type and its zero point, if that is known, allow. */
    long greatest() {
      if (in.has(zeroPoint) && in.value(zeroPoint).isEmpty()) {
        return 255;
      }
      long low = lowest();
      return LongStream.of(zeros())
          .map(zero -> Math.max(zero - low, low + 255 - zero))
          .max()
          .orElse(0);
    }

    private long[] zeros() {
      return in.has(zeroPoint) ? in.requireValue(zeroPoint).toLongs() : new long[1];
    }
  }

  /**
   * The summed axis of a tensor of {@code outer} x {@code length} x {@code inner} elements.
   *
   * @param addsInner whether a result also adds up the inner elements, as a window does
   */
  private record Summed(Factor factor, long outer, long length, long inner, boolean addsInner) {

    /**
     * The greatest length of equal parts whose sums float32 holds exactly; 0 if there is none.
     *
     * @param other the greatest magnitude of the other factor
     */
    long part(long other) {
      long terms = addsInner ? inner : 1;
      for (long part = length; part > 0; part = part == 1 ? 0 : shorter(part)) {
        if (part * terms * factor.greatest() * other <= EXACT
            || (factor.isConstant() && greatest(part) * other <= EXACT)) {
          return part;
        }
      }
      return 0;
    }

    /** Half a part, in whole vectors of 16 elements where it is longer than one. */
    private static long shorter(long part) {
      long half = (part + 1) / 2;
      return half > 16 ? Math.min(part - 1, (half + 15) / 16 * 16) : half;
    }

    /** The greatest sum of the magnitudes of a constant that one result adds up in one part. */
    private long greatest(long part) {
      ByteBuffer data = factor.in().requireValue(factor.index()).data();
      long[] zeros = factor.zeros();
      int mask = factor.lowest() < 0 ? -1 : 0xff;
      long greatest = 0;
      int at = 0;
      for (int o = 0; o < outer; o++) {
        long[] sums = new long[(int) inner];
        for (int i = 0; i < length; i++) {
          if (i % part == 0) {
            greatest = Math.max(greatest, most(sums));
            Arrays.fill(sums, 0);
          }
          for (int r = 0; r < inner; r++) {
            long zero = zeros[(int) ((addsInner ? o : o * inner + r) % zeros.length)];
            sums[r] += Math.abs((data.get(at++) & mask) - zero);
          }
        }
        greatest = Math.max(greatest, most(sums));
      }
      return greatest;
    }

    private long most(long[] sums) {
      return addsInner ? LongStream.of(sums).sum() : LongStream.of(sums).max().orElse(0);
    }
  }

  /** A part of a sum of products in float32: {@code size} terms from {@code from} on. */
  @FunctionalInterface
  private interface Part {
    Expression of(Expression left, Expression right, long from, long size);
  }

  /**
   * Multiplies two tensors and adds up along their common axis.
   *
   * @param whole the whole sum, in the type of its operands
   */
  private static Sum summed(
      Factor left, Summed axis, BinaryOperator<Expression> whole, Part partial) {
    Factor right = axis.factor();
    boolean isByte = left.isByte() && right.isByte();
    long part = isByte ? axis.part(left.greatest()) : 0;
    if (part == 0) {
      Expression a = left.shifted(ScalarTypes.DOUBLE);
      Expression b = right.shifted(ScalarTypes.DOUBLE);
      return new Sum(whole.apply(a, b), ScalarTypes.DOUBLE);
    }
    Expression a = left.shifted(ScalarTypes.FLOAT);
    Expression b = right.shifted(ScalarTypes.FLOAT);
    Expression sum = NONE;
    for (long from = 0; from < axis.length(); from += part) {
      long size = Math.min(part, axis.length() - from);
      Expression each = partial.of(a, b, from, size).to(ScalarTypes.INT32);
      sum = from == 0 ? each : sum.plus(each);
    }
    return new Sum(sum, ScalarTypes.INT32);
  }

  /** Some of {@code length} elements along an axis. */
  private static Expression some(Expression value, int axis, long length, long from, long size) {
    return size == length ? value : value.narrow(axis, from, size);
  }

  /**
   * The convolution of input {@code x} with input {@code w}; a kernel's zero point may be its own.
   */
  private static Sum convolution(Operands in, int x, int xZero, int w, int wZero) {
    Shape kernel = in.shape(w);
    int rank = kernel.rank();
    long length = kernel.dim(1);
    Factor image = new Factor(in, x, xZero, zero -> zero);
    Factor weights = new Factor(in, w, wZero, zero -> zero.alongAxis(rank, 0));
    Summed axis = new Summed(weights, kernel.dim(0), length, kernel.elements(2, rank), true);
    KernelEquations node = new KernelEquations(in);
    BinaryOperator<Expression> whole =
        (left, right) -> node.value("convolved_as", node.input(x), node.input(w), left, right);
    return summed(
        image,
        axis,
        whole,
        (left, right, from, size) -> {
          Expression channels = channels(in.shape(x), left, length, from, size);
          Expression some = some(right, 1, length, from, size);
          Shape shape = in.shape(x).with(1, in.shape(x).dim(1) / length * size);
          return weights.isConstant() && FusedKernels.takesConvolution(in, w)
              ? FusedKernels.convolution(in, w, shape, channels, some)
              : whole.apply(channels, weights.fixed(some));
        });
  }

  /** Some channels of every group of {@code length}. */
  private static Expression channels(
      Shape shape, Expression value, long length, long from, long size) {
    long groups = shape.dim(1) / length;
    if (groups == 1 || size == length) {
      return some(value, 1, length, from, size);
    }
    long[] plane = shape.slice(2, shape.rank()).dims();
    Shape split = Shape.of(shape.dim(0), groups, length).concat(Shape.of(plane));
    Expression grouped = value.reshaped(split.dims());
    return some(grouped, 2, length, from, size).reshaped(shape.with(1, groups * size).dims());
  }

  /**
   * The matrix product; a zero point is one a row of the first matrix, one a column of the other.
   */
  private static Sum product(Operands in, int a, int aZero, int b, int bZero) {
    Shape right = in.shape(b);
    int rows = right.rank() == 1 ? 0 : -2;
    long length = right.dim(rows);
    long columns = right.rank() == 1 ? 1 : right.dim(-1);
    Factor matrix = new Factor(in, b, bZero, zero -> zero);
    long matrices = right.elements() / Math.max(1, length * columns);
    return summed(
        new Factor(in, a, aZero, zero -> rows(in, aZero, zero)),
        new Summed(matrix, matrices, length, columns, false),
        Expression::product,
        (x, y, from, size) ->
            some(x, -1, length, from, size)
                .product(matrix.fixed(some(y, rows, length, from, size))));
  }

  /** A vector is one value a row of the first matrix. */
  private static Expression rows(Operands in, int input, Expression value) {
    Shape shape = in.shape(input);
    boolean isVector = shape.rank() == 1 && shape.elements() > 1;
    return isVector ? value.unsqueezed(-1) : value;
  }

  /** Inputs: x, its scale and zero point, w, its two, y's two, bias. */
  private static Kernel quantizedConvolution(Operands in) {
    int rank = in.shape(0).rank();
    Sum sum = convolution(in, 0, 2, 3, 5);
    if (in.has(8)) {
      Expression bias = input(8).to(sum.type()).alongAxis(rank - 1, 0);
      sum = new Sum(sum.value().plus(bias), sum.type());
    }
    Expression scale =
        factor(single(1), single(4).alongAxis(rank, 1), single(6).alongAxis(rank, 1));
    return requantized(in, sum, scale).reportedAs("convolution");
  }

  /** Inputs: a, its scale and zero point, b, its two, y's two. */
  private static Kernel quantizedProduct(Operands in) {
    Expression scale = factor(rows(in, 1, single(1)), single(4), rows(in, 6, single(6)));
    return requantized(in, product(in, 0, 2, 3, 5), scale).reportedAs("matmul");
  }

  private static Expression factor(Expression a, Expression b, Expression y) {
    return a.times(b).over(y);
  }

  private static Expression single(int input) {
    return input(input).to(ScalarTypes.FLOAT);
  }

  private static Kernel requantized(Operands in, Sum sum, Expression scale) {
    Expression real = sum.to(ScalarTypes.FLOAT).times(scale);
    Expression shifted = call("round", real).plus(single(7));
    return Kernel.of(new KernelEquations(in).value("saturated", shifted, in.type(7).type()));
  }
}
