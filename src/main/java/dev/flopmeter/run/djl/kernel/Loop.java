package dev.flopmeter.run.djl.kernel;

import dev.flopmeter.run.djl.kernel.Expression.LoopResult;
import dev.flopmeter.run.djl.kernel.Expression.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A loop over a known number of trips that carries states and gathers a row of tensors a trip. */
final class Loop {
  final long trips;
  final List<Expression> start;
  final Variable index = new Variable();
  final List<Variable> states;
  final Trip trip;

  /**
   * One trip.
   *
   * @param next the states after it
   * @param rows the tensors that it adds to the lists of rows
   */
  record Trip(List<Expression> next, List<Expression> rows) {}

  /** The body of a loop. */
  @FunctionalInterface
  interface Body {
    Trip trip(Expression index, List<Expression> states);
  }

  /**
   * @param start the states before the first trip
   */
  Loop(long trips, List<Expression> start, Body body) {
    this.trips = trips;
    this.start = List.copyOf(start);
    this.states = start.stream().map(any -> new Variable()).toList();
    this.trip = body.trip(index, List.copyOf(states));
  }

  /** State {@code number} after the last trip. */
  Expression state(int number) {
    return new LoopResult(this, number, false);
  }

  /** The list of the tensors that all trips added to row {@code number}. */
  Expression rows(int number) {
    return new LoopResult(this, number, true);
  }

  /** All states, then all lists of rows. */
  List<Expression> results() {
    return Stream.concat(
            IntStream.range(0, states.size()).mapToObj(this::state),
            IntStream.range(0, trip.rows().size()).mapToObj(this::rows))
        .toList();
  }

  List<Expression> operands() {
    return Stream.of(start, trip.next(), trip.rows())
        .<Expression>flatMap(List::stream)
        .collect(java.util.stream.Collectors.toCollection(ArrayList::new));
  }
}
