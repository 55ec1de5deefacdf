/** A worker's result as the daemon keeps it. */
@NullMarked
package dev.flopmeter.serve.result;

import org.jspecify.annotations.NullMarked;
