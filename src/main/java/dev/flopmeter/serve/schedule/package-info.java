/** Schedules runs on devices. */
@NullMarked
package dev.flopmeter.serve.schedule;

import org.jspecify.annotations.NullMarked;
