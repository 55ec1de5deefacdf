/** The HTTP interface: few routes, mostly read-only, hard to exhaust. */
@NullMarked
package dev.flopmeter.serve.http;

import org.jspecify.annotations.NullMarked;
