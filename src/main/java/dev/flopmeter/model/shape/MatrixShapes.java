package dev.flopmeter.model.shape;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import java.util.List;
import java.util.Map;

/** Matrix products. */
final class MatrixShapes {
  private MatrixShapes() {}

  static void addTo(Map<String, ShapeRule> rules) {
    rules.put("Det", in -> List.of(in.type(0).withShape(in.shape(0).slice(0, matrixRank(in)))));
    rules.put("MatMul", in -> List.of(in.type(0).withShape(product(in.shape(0), in.shape(1)))));
    rules.put(
        "MatMulInteger",
        in -> List.of(new TensorType(DataType.INT32, product(in.shape(0), in.shape(1)))));
    rules.put(
        "QLinearMatMul",
        in -> {
          Quantization.require(in, 0);
          Quantization.require(in, 3);
          Quantization.requireScale(in, 6, false);
          return List.of(in.type(7).withShape(product(in.shape(0), in.shape(3))));
        });
    rules.put("Gemm", MatrixShapes::gemm);
    rules.put(
        "com.microsoft:Inverse",
        in -> {
          matrixRank(in); // refuses what is not square
          return List.of(in.type(0));
        });
  }

  /** NumPy's matmul: vectors are promoted, leading axes broadcast. */
  static Shape product(Shape a, Shape b) {
    if (a.rank() == 0 || b.rank() == 0) {
      throw new ModelException(
          "a matrix product needs vectors or matrices, not " + a + " and " + b);
    }
    Shape left = a.rank() == 1 ? Shape.of(1).concat(a) : a;
    Shape right = b.rank() == 1 ? b.concat(Shape.of(1)) : b;
    if (left.dim(-1) != right.dim(-2)) {
      throw new ModelException("the matrices " + a + " and " + b + " cannot be multiplied");
    }
    Shape out = left.slice(0, left.rank() - 2).broadcast(right.slice(0, right.rank() - 2));
    if (a.rank() > 1) {
      out = out.concat(Shape.of(left.dim(-2)));
    }
    if (b.rank() > 1) {
      out = out.concat(Shape.of(right.dim(-1)));
    }
    return out;
  }

  static List<TensorType> gemm(Operands in) {
    Shape a = in.shape(0);
    Shape b = in.shape(1);
    if (a.rank() != 2 || b.rank() != 2) {
      throw new ModelException("Gemm needs matrices, not " + a + " and " + b);
    }
    boolean transA = in.attributes().flag("transA", false);
    boolean transB = in.attributes().flag("transB", false);
    long m = a.dim(transA ? 1 : 0);
    long k = a.dim(transA ? 0 : 1);
    long n = b.dim(transB ? 0 : 1);
    if (k != b.dim(transB ? 1 : 0)) {
      throw new ModelException("the matrices " + a + " and " + b + " cannot be multiplied");
    }
    Shape out = Shape.of(m, n);
    if (in.has(2) && !in.shape(2).broadcast(out).equals(out)) {
      throw new ModelException("the addend " + in.shape(2) + " does not fit the product " + out);
    }
    return List.of(in.type(0).withShape(out));
  }

  private static int matrixRank(Operands in) {
    Shape shape = in.shape(0);
    if (shape.rank() < 2 || shape.dim(-1) != shape.dim(-2)) {
      throw new ModelException("a determinant or an inverse needs square matrices, not " + shape);
    }
    return shape.rank() - 2;
  }
}
