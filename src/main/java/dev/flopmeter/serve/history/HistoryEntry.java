package dev.flopmeter.serve.history;

import dev.flopmeter.serve.result.SeriesKey;
import java.time.Instant;

/**
 * A stored result without its JSON.
 *
 * @param number counts up over the history's whole life
 * @param at when it was measured
 * @param arrivedAt when it was imported, otherwise {@code at}: what its age is counted from
 * @param median seconds of one pass over the batch
 */
public record HistoryEntry(
    long number, Instant at, Instant arrivedAt, SeriesKey key, boolean isValid, double median) {}
