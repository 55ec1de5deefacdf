/** The commands: each parses its arguments, calls the floor below and prints what came back. */
package dev.flopmeter.cli;
