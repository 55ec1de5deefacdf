/** Which devices are here, what they can do at best, how they feel. */
@NullMarked
package dev.flopmeter.device;

import org.jspecify.annotations.NullMarked;
