/** Verdicts and recommendations, independent of the form of output. */
@NullMarked
package dev.flopmeter.report.finding;

import org.jspecify.annotations.NullMarked;
