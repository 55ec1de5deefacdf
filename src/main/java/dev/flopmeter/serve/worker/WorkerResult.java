package dev.flopmeter.serve.worker;

import dev.flopmeter.serve.result.Result;

/** A result with the line it came from. */
public record WorkerResult(Result result, String json) {}
