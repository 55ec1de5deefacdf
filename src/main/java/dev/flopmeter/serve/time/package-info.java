/** The two clocks of the daemon, so that tests can turn them. */
@NullMarked
package dev.flopmeter.serve.time;

import org.jspecify.annotations.NullMarked;
