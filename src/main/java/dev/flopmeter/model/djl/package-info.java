/**
 * Networks written in DJL: a block's forward, traced with arrays that have shapes and no numbers.
 */
@NullMarked
package dev.flopmeter.model.djl;

import org.jspecify.annotations.NullMarked;
