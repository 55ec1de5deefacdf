/** One small language of equations: for graphs, types and costs of operators, and calls of DJL. */
@NullMarked
package dev.flopmeter.model.equation;

import org.jspecify.annotations.NullMarked;
