/** Results as JSON, for programs; each form has a version and a JSON Schema or a description. */
@NullMarked
package dev.flopmeter.report.json;

import org.jspecify.annotations.NullMarked;
