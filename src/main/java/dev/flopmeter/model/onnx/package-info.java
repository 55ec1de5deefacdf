/** Reads ONNX files: wire format, messages, external data. */
@NullMarked
package dev.flopmeter.model.onnx;

import org.jspecify.annotations.NullMarked;
