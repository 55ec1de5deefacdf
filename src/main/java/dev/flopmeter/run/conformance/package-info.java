/** Runs ONNX's backend test cases on any backend. */
@NullMarked
package dev.flopmeter.run.conformance;

import org.jspecify.annotations.NullMarked;
