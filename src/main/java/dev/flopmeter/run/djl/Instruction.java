package dev.flopmeter.run.djl;

import dev.flopmeter.run.Step;

/**
 * A step of a program with its slots.
 *
 * @param reads slots of its inputs
 * @param writes slots of its outputs; -1 for an unused output
 * @param dies slots whose values are not read again
 */
@SuppressWarnings("ArrayRecordComponent") // read in the hot loop, never compared
record Instruction(Step step, Action action, int[] reads, int[] writes, int[] dies) {}
