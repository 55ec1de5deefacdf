/** The destination of results: standard output, or the file after {@code -o}. */
package dev.flopmeter.cli.output;
