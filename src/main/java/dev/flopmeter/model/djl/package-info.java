/**
 * Networks written in DJL: a block's forward, traced with arrays that have shapes but no values.
 */
@NullMarked
package dev.flopmeter.model.djl;

import org.jspecify.annotations.NullMarked;
