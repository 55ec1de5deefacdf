/** Which nodes can run as one step: the patterns that all backends fuse, found once. */
@NullMarked
package dev.flopmeter.run.fuse;

import org.jspecify.annotations.NullMarked;
