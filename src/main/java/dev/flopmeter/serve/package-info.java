/** The daemon: measures its workloads repeatedly in child processes and publishes the results. */
@NullMarked
package dev.flopmeter.serve;

import org.jspecify.annotations.NullMarked;
