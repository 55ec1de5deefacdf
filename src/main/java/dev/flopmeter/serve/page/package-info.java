/** The daemon's status page: what it shows, as values. */
@NullMarked
package dev.flopmeter.serve.page;

import org.jspecify.annotations.NullMarked;
