package dev.flopmeter.serve.metrics;

import io.micrometer.core.instrument.Tags;

/** A gauge's value with its labels, about to be published. */
record Row(Metric metric, Tags tags, double value) {}
