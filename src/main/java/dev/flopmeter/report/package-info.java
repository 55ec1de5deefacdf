/** Results as people and programs read them: tables, CSV, Markdown, HTML. */
@NullMarked
package dev.flopmeter.report;

import org.jspecify.annotations.NullMarked;
