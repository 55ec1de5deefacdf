/** The configuration file: its keys, how it is read, and everything that can be wrong with it. */
@NullMarked
package dev.flopmeter.serve.config;

import org.jspecify.annotations.NullMarked;
