/** Networks: graphs of operators with shapes, types and constants; independent of devices. */
@NullMarked
package dev.flopmeter.model;

import org.jspecify.annotations.NullMarked;
