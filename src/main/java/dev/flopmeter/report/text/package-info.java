/** Results as plain text: tables for a terminal, CSV, Markdown, the line of progress. */
@NullMarked
package dev.flopmeter.report.text;

import org.jspecify.annotations.NullMarked;
