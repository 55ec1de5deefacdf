/** Networks quantised without data: right for speed, not for accuracy. */
@NullMarked
package dev.flopmeter.model.quantize;

import org.jspecify.annotations.NullMarked;
