/** Results stored on disk, so that they outlive the daemon. */
@NullMarked
package dev.flopmeter.serve.history;

import org.jspecify.annotations.NullMarked;
