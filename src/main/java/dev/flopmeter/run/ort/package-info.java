/** Runs graphs and models as files with ONNX Runtime. */
@NullMarked
package dev.flopmeter.run.ort;

import org.jspecify.annotations.NullMarked;
