/**
 * From a graph to a plan: one entry for each operator, fusion, layouts, and the places of values.
 */
@NullMarked
package dev.flopmeter.run.cudnn.operator;

import org.jspecify.annotations.NullMarked;
