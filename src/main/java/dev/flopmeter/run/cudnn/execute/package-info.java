/**
 * A plan on a device: what each kind of work calls, the search for plans, and the timing of passes.
 */
@NullMarked
package dev.flopmeter.run.cudnn.execute;

import org.jspecify.annotations.NullMarked;
