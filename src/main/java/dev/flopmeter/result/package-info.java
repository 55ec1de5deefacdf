/**
 * The result of a profile, {@code flopmeter.profile/1}: written by {@code measure}, read by reports
 * and by the daemon.
 */
@NullMarked
package dev.flopmeter.result;

import org.jspecify.annotations.NullMarked;
