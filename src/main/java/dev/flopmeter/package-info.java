/** The entry point for Java programs. */
@NullMarked
package dev.flopmeter;

import org.jspecify.annotations.NullMarked;
