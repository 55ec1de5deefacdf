/** Texts of unknown origin and length made fit to be shown, and the nearest of several names. */
@NullMarked
package dev.flopmeter.text;

import org.jspecify.annotations.NullMarked;
