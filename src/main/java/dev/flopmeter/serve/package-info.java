/**
 * The daemon: measures its workloads again and again in child processes and publishes what they
 * found.
 */
@NullMarked
package dev.flopmeter.serve;

import org.jspecify.annotations.NullMarked;
