package dev.flopmeter.serve.history;

import dev.flopmeter.serve.result.SeriesKey;
import java.time.Instant;

/**
 * A stored result without its JSON.
 *
 * @param number counts up over the history's whole life
 * @param median seconds of one pass over the batch
 */
public record HistoryEntry(
    long number, Instant at, SeriesKey key, boolean isValid, double median) {}
