/** The daemon's status page: what it shows, as values, and how it shows it. */
@NullMarked
package dev.flopmeter.serve.page;

import org.jspecify.annotations.NullMarked;
