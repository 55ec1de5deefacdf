/**
 * The parts of the HTML pages: scales, plots in SVG, the document around them. Their markup is in
 * the templates of {@code src/main/jte}, each in the package that its folder names.
 *
 * <p>Plots are inline SVG. So a page is one file that needs neither network nor library, shows its
 * plots without a script, prints, scales, takes its colours from the style sheet (light or dark),
 * and works with a screen reader.
 */
@NullMarked
package dev.flopmeter.report.page;

import org.jspecify.annotations.NullMarked;
