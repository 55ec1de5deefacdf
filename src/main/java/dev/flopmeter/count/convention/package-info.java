/** The counting conventions of well-known tools, each a small table of prices. */
@NullMarked
package dev.flopmeter.count.convention;

import org.jspecify.annotations.NullMarked;
