/** The devices of this host, their peaks and their sensors. */
@NullMarked
package dev.flopmeter.device;

import org.jspecify.annotations.NullMarked;
