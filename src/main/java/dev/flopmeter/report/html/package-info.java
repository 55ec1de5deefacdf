/** Results as HTML pages: reports, comparisons and their charts. */
@NullMarked
package dev.flopmeter.report.html;

import org.jspecify.annotations.NullMarked;
