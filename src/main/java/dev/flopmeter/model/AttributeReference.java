package dev.flopmeter.model;

/** Inside of a function's body: the attribute of that name of whoever calls the function. */
public record AttributeReference(String name) {}
