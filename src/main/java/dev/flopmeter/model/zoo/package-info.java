/** Well-known networks, built in code with seeded weights. */
@NullMarked
package dev.flopmeter.model.zoo;

import org.jspecify.annotations.NullMarked;
