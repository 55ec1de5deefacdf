/** The language of {@code bodies.txt} and {@code networks.txt}: graphs written as equations. */
@NullMarked
package dev.flopmeter.model.equation;

import org.jspecify.annotations.NullMarked;
