/** What results come to: verdicts, recommendations, where the time goes. No form of output. */
@NullMarked
package dev.flopmeter.report.finding;

import org.jspecify.annotations.NullMarked;
