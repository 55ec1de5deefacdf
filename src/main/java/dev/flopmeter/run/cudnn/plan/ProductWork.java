package dev.flopmeter.run.cudnn.plan;

import java.util.Arrays;

/**
 * {@code y = alpha * a * b} of computed matrices over the last two axes.
 *
 * @param y packed
 * @param batch loops over the other axes, its operands being the matrices of y by their number, the
 *     elements of a and those of b
 * @param kernel the same with our own kernel, for what cuDNN does not offer
 */
public record ProductWork(View a, View b, View y, Loops batch, double alpha, KernelWork kernel)
    implements Work {
  /** Batched loops that cuDNN's product is given; its tensors then have two axes more. */
  private static final int MOST_LOOPS = 2;

  /** Whether it is worth asking cuDNN. */
  public boolean isForCudnn() {
    return y.storage().isFloat()
        && a.storage() == y.storage()
        && b.storage() == y.storage()
        && a.elements() > 0
        && b.elements() > 0
        && loops() <= MOST_LOOPS;
  }

  private int loops() {
    return (int) Arrays.stream(batch.sizes()).filter(size -> size != 1).count();
  }

  /** One operand as cuDNN's tensor: at least one axis of the batch, then the matrix. */
  @SuppressWarnings("ArrayRecordComponent") // never changed
  public record Operand(long[] dims, long[] strides) {}

  public Operand left() {
    return operand(a, 1, 1);
  }

  public Operand right() {
    return operand(b, 2, 1);
  }

  public Operand result() {
    return operand(y, 0, y.dim(y.rank() - 2) * y.dim(y.rank() - 1));
  }

  private Operand operand(View view, int index, long unit) {
    int lead = Math.max(1, loops());
    long[] dims = new long[lead + 2];
    long[] strides = new long[lead + 2];
    for (int i = 0; i < lead; i++) {
      int loop = Loops.RANK - lead + i;
      long stride = unit * batch.strides().get(index)[loop];
      // A batch that shares a matrix has one of it.
      dims[i] = stride == 0 ? 1 : batch.sizes()[loop];
      strides[i] = stride == 0 ? view.dim(view.rank() - 2) * view.dim(view.rank() - 1) : stride;
    }
    for (int i = 0; i < 2; i++) {
      dims[lead + i] = view.dim(view.rank() - 2 + i);
      strides[lead + i] = view.stride(view.rank() - 2 + i);
    }
    return new Operand(dims, strides);
  }

  @Override
  public <T> T match(Cases<T> cases) {
    return cases.product(this);
  }
}
