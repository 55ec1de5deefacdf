/** Costs of operators: rules, conventions, exact sums. */
@NullMarked
package dev.flopmeter.count;

import org.jspecify.annotations.NullMarked;
