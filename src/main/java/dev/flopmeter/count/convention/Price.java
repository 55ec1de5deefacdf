package dev.flopmeter.count.convention;

import dev.flopmeter.count.CountedNode;
import dev.flopmeter.model.Sizes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** What one kind of call counts: a sum of products of numbers and {@link Quantities}. */
record Price(List<Term> terms) {
  Price {
    terms = List.copyOf(terms);
  }

  /** A product; its factor is negative where it is subtracted. */
  record Term(long factor, List<ToLongFunction<CountedNode>> quantities) {
    Term {
      quantities = List.copyOf(quantities);
    }

    long of(CountedNode call) {
      return quantities.stream()
          .mapToLong(quantity -> quantity.applyAsLong(call))
          .reduce(factor, Sizes::multiply);
    }
  }

  /** Reads a price such as {@code 2 x MACs - out + bias}. */
  static Price parse(String text) {
    List<Term> terms = new ArrayList<>();
    for (String part : text.replace(" - ", " + -1 x ").split(" \\+ ", -1)) {
      long factor = 1;
      List<ToLongFunction<CountedNode>> quantities = new ArrayList<>();
      for (String word : part.split(" x ", -1)) {
        if (word.matches("-?[0-9]+")) {
          factor *= Long.parseLong(word);
        } else {
          quantities.add(Quantities.named(word));
        }
      }
      terms.add(new Term(factor, quantities));
    }
    return new Price(terms);
  }

  /** The number of one call. */
  long of(CountedNode call) {
    return terms.stream().mapToLong(term -> term.of(call)).reduce(0, Sizes::add);
  }
}
