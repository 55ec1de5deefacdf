/** Figures with units: how people write them, and how they are shown. */
@NullMarked
package dev.flopmeter.units;

import org.jspecify.annotations.NullMarked;
