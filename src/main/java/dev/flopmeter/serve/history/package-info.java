/** Results kept on disk, so that they survive the daemon. */
@NullMarked
package dev.flopmeter.serve.history;

import org.jspecify.annotations.NullMarked;
