/** The daemon's two clocks, which tests can set. */
@NullMarked
package dev.flopmeter.serve.time;

import org.jspecify.annotations.NullMarked;
