package dev.flopmeter.run;

/** Device memory a plan holds, in bytes. */
public record MemoryUse(long weights, long activations, long workspace) {}
