/** Text handling: control characters, long texts, CSV, and the nearest of several names. */
@NullMarked
package dev.flopmeter.text;

import org.jspecify.annotations.NullMarked;
