/** Which run is next on which device. */
@NullMarked
package dev.flopmeter.serve.schedule;

import org.jspecify.annotations.NullMarked;
