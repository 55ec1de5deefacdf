package dev.flopmeter.live;

import dev.flopmeter.count.Cost;

/** What a call costs: by its batch alone, or by all its shapes. */
sealed interface CallCosts permits BatchCosts, ShapeCosts {
  /** The cost that the meters of the model itself show. */
  Cost shown();

  /** {@code 8} where the batch is one, otherwise {@code dynamic}. */
  String batchLabel();
}
