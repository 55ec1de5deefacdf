package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.run.djl.kernel.Expression.LoopResult;
import dev.flopmeter.run.djl.kernel.Expression.Variable;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A loop over a known number of trips that carries states and gathers a row of tensors a trip. */
final class Loop {
  final long trips;
  final List<Expression> start;
  final Variable index = new Variable();
  final List<Variable> states;

  /** The states after one trip. */
  final List<Expression> next;

  /** The tensors that one trip adds to the lists of rows. */
  final List<Expression> rows;

  /**
   * @param start the states before the first trip
   * @param trip the states after a trip, then its rows, from its index and the states before it
   */
  Loop(
      long trips,
      List<Expression> start,
      BiFunction<Expression, List<Expression>, List<Expression>> trip) {
    this.trips = trips;
    this.start = start;
    this.states = start.stream().map(any -> new Variable()).toList();
    List<Expression> results = trip.apply(index, List.copyOf(states));
    this.next = results.subList(0, start.size());
    this.rows = results.subList(start.size(), results.size());
  }

  /** All states after the last trip, then all lists of rows. */
  List<Expression> results() {
    return IntStream.range(0, next.size() + rows.size()).mapToObj(this::result).toList();
  }

  private Expression result(int number) {
    int row = number - next.size();
    return new LoopResult(this, row < 0 ? number : row, row >= 0);
  }

  List<Expression> operands() {
    return Stream.of(start, next, rows).flatMap(List::stream).toList();
  }
}
