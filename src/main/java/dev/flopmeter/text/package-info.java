/** Text handling: control characters, long texts, labels, CSV, and the nearest of several names. */
@NullMarked
package dev.flopmeter.text;

import org.jspecify.annotations.NullMarked;
