/** Child processes that measure: started, watched, read, ended. */
@NullMarked
package dev.flopmeter.serve.worker;

import org.jspecify.annotations.NullMarked;
