package dev.flopmeter.run.djl;

import dev.flopmeter.run.Step;

/**
 * A step with its place in a program.
 *
 * @param reads slots of its inputs
 * @param writes slots of its outputs; -1 for one that nobody reads
 * @param dies slots whose values nobody reads afterwards
 */
@SuppressWarnings("ArrayRecordComponent") // read in the hot loop, never compared
record Instruction(Step step, Action action, int[] reads, int[] writes, int[] dies) {}
