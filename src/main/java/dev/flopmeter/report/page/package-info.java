/**
 * What the HTML pages are built of: scales, plots in SVG, the document around them. Their markup is
 * in the templates of {@code src/main/jte}, each in the package that its folder names.
 *
 * <p>Plots are plain SVG written by the server's side. A page is then one file that needs neither
 * network nor library, shows its pictures without a script, prints, scales, takes its colours from
 * the style sheet (light or dark), and works with a screen reader.
 */
@NullMarked
package dev.flopmeter.report.page;

import org.jspecify.annotations.NullMarked;
