package dev.flopmeter.live;

import dev.flopmeter.count.Cost;

/** The cost of a call: by its batch alone, or by all its shapes. */
sealed interface CallCosts permits BatchCosts, ShapeCosts {
  /** The cost that the model's own meters show. */
  Cost shown();

  /** {@code 8} if the batch is fixed, otherwise {@code dynamic}. */
  String batchLabel();
}
