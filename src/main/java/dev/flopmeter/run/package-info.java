/** Runs graphs: prepares them into steps, computes and times them. */
@NullMarked
package dev.flopmeter.run;

import org.jspecify.annotations.NullMarked;
