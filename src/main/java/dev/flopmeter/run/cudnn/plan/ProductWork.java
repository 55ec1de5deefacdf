package dev.flopmeter.run.cudnn.plan;

import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * {@code y = alpha * a * b} of computed matrices over the last two axes; the others are broadcast.
 *
 * @param a of rank 2 or more, any strides
 * @param y packed
 */
public record ProductWork(TensorView a, TensorView b, TensorView y, double alpha)
    implements GraphWork {
  /** Beyond this many launches our own kernel takes them all in one. */
  private static final long MOST_LAUNCHES = 64;

  // Of matmul.c
  private static final int TILE = 64;
  private static final int THREADS = 256;

  /** One loop over the batch, with the elements that each operand moves on in one turn. */
  private record Loop(long turns, long a, long b, long y) {}

  /** An operand as cuDNN's tensor: (batch, rows, columns), and where each launch finds it. */
  @SuppressWarnings("ArrayRecordComponent") // never changed
  public record Operand(TensorView view, long[] dims, long[] strides, long[] shifts) {}

  /**
   * The product as cuDNN takes it: of rank 3. A batch that needs more axes is launched repeatedly.
   *
   * @param launches how often
   */
  public record Batched(Operand a, Operand b, Operand y, int launches) {}

  /** The product for cuDNN; nothing if it is not worth asking. */
  public Optional<Batched> batched() {
    boolean isOfOneFloat =
        y.storage().isFloat() && a.storage() == y.storage() && b.storage() == y.storage();
    if (!isOfOneFloat || a.elements() == 0 || b.elements() == 0) {
      return Optional.empty();
    }
    long rows = a.dim(-2);
    List<Loop> loops = loops();
    // Consecutive matrices of a that are multiplied with the same b are one with more rows.
    while (!loops.isEmpty() && isMoreRows(loops.get(loops.size() - 1), rows)) {
      rows *= loops.remove(loops.size() - 1).turns();
    }
    Loop inner =
        loops.stream().max(Comparator.comparingLong(Loop::turns)).orElse(new Loop(1, 0, 0, 0));
    loops.remove(inner);
    long launches = loops.stream().mapToLong(Loop::turns).reduce(1, Math::multiplyExact);
    return launches > MOST_LAUNCHES
        ? Optional.empty()
        : Optional.of(batched(rows, inner, loops, (int) launches));
  }

  private List<Loop> loops() {
    Loops batch = batch();
    List<long[]> steps = batch.strides();
    long matrix = a.dim(-2) * b.dim(-1);
    return IntStream.range(0, Loops.RANK)
        .filter(i -> batch.sizes()[i] != 1)
        .mapToObj(
            i ->
                new Loop(
                    batch.sizes()[i], steps.get(1)[i], steps.get(2)[i], matrix * steps.get(0)[i]))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  private boolean isMoreRows(Loop loop, long rows) {
    return loop.b() == 0 && loop.a() == rows * a.stride(-2) && loop.y() == rows * b.dim(-1);
  }

  private Batched batched(long rows, Loop inner, List<Loop> outer, int launches) {
    long[][] shifts = new long[3][launches];
    for (int launch = 0; launch < launches; launch++) {
      long rest = launch;
      for (Loop loop : outer) {
        long turn = rest % loop.turns();
        rest /= loop.turns();
        shifts[0][launch] += turn * loop.a();
        shifts[1][launch] += turn * loop.b();
        shifts[2][launch] += turn * loop.y();
      }
    }
    // y is packed, whatever axes of 1 it lacks.
    TensorView matrices = y.as(Shape.of(rows, b.dim(-1)), b.dim(-1), 1);
    return new Batched(
        operand(a, inner.turns(), rows, inner.a(), shifts[0]),
        operand(b, inner.turns(), b.dim(-2), inner.b(), shifts[1]),
        operand(matrices, inner.turns(), rows, inner.y(), shifts[2]),
        launches);
  }

  private static Operand operand(TensorView view, long turns, long rows, long step, long[] shifts) {
    long columns = view.dim(-1);
    long row = view.stride(-2);
    long column = view.stride(-1);
    // A batch that shares a matrix has one of it; so have axes of 1, whose stride must not be 0.
    long[] dims = {step == 0 ? 1 : turns, rows, columns};
    long[] strides = {
      step == 0 ? rows * columns : step,
      row == 0 ? Math.max(1, columns * column) : row,
      column == 0 ? Math.max(1, rows * row) : column
    };
    return new Operand(view, dims, strides, shifts);
  }

  @Override
  public Optional<String> reasonApart() {
    return batched().isPresent() ? Optional.empty() : Optional.of("it is not worth asking");
  }

  /** Our kernel {@code matmul}. */
  @Override
  public List<KernelWork> apart() {
    long rows = a.dim(-2);
    Loops batch = batch();
    long matrices = Arrays.stream(batch.sizes()).asLongStream().reduce(1, Math::multiplyExact);
    long blocks = matrices * ((rows + TILE - 1) / TILE) * ((b.dim(-1) + TILE - 1) / TILE);
    Arguments arguments =
        new Arguments()
            .pointers(a, b, y)
            .numbers(matrices)
            .integer(rows)
            .integer(b.dim(-1))
            .integer(a.dim(-1))
            .types(a, b, y)
            .real(alpha)
            .numbers(a.stride(-2), a.stride(-1))
            .numbers(b.stride(-2), b.stride(-1))
            .loops(batch, 1, 2);
    return blocks == 0
        ? List.of() // nothing to write, and no grid has 0 blocks
        : List.of(new KernelWork("matmul", blocks, THREADS, arguments));
  }

  /** Loops over all axes but the last two: the operands are the matrices of y, elements of a, b. */
  private Loops batch() {
    Shape shape =
        a.shape()
            .slice(0, a.rank() - 2)
            .broadcast(b.shape().slice(0, b.rank() - 2))
            .concat(Shape.of(1, 1));
    TensorView order = TensorView.of(y.block(), y.storage(), shape, MemoryLayout.PLAIN);
    return Loops.over(shape, order, ofMatrices(a, shape), ofMatrices(b, shape));
  }

  /** The last two axes are put to 1, so that only the batch is looped over. */
  private static TensorView ofMatrices(TensorView view, Shape shape) {
    Shape one = view.shape().slice(0, view.rank() - 2).concat(Shape.of(1, 1));
    return view.as(one, view.strides()).broadcastTo(shape);
  }
}
