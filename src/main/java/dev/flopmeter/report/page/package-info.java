/**
 * What the HTML pages are built of: escaped markup, scales, plots in SVG, the document around them.
 *
 * <p>Plots are plain SVG written by the server's side. A page is then one file that needs neither
 * network nor library, shows its pictures without a script, prints, scales, takes its colours from
 * the style sheet (so it can be dark), and can be read by a screen reader; and nothing in it ages.
 */
@NullMarked
package dev.flopmeter.report.page;

import org.jspecify.annotations.NullMarked;
