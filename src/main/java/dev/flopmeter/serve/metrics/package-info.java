/** What Prometheus reads: one registry, rendered ahead of the scrape. */
@NullMarked
package dev.flopmeter.serve.metrics;

import org.jspecify.annotations.NullMarked;
