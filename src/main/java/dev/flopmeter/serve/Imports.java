package dev.flopmeter.serve;

import dev.flopmeter.result.ResultFormatException;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.http.Request;
import dev.flopmeter.serve.http.Response;
import dev.flopmeter.serve.http.Route.BadRequestException;
import dev.flopmeter.serve.result.Result;
import dev.flopmeter.serve.result.ResultLine;
import dev.flopmeter.text.Cut;
import dev.flopmeter.text.Printable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/**
 * Accepts results that were measured elsewhere: {@code POST /api/v1/import?workload=} with one
 * result as JSON. Only for workloads that are configured for it, and only from users with a
 * password. A result that was already received is not counted again: a series has one result per
 * time.
 */
record Imports(Supplier<ServeConfig> config, History history, PublishedState state) {
  /** The longest line of a worker. */
  static final int MOST_BYTES = 4 << 20;

  /** One at a time, so that large results do not add up in memory. */
  synchronized Response take(Request request) throws BadRequestException, IOException {
    if (!config.get().http().isAuthenticated()) {
      throw new BadRequestException(403, "importing requires a password; add http.users");
    }
    Workload workload = workload(request.parameter("workload").orElse(""));
    byte[] body = request.body().readNBytes(MOST_BYTES + 1);
    if (body.length > MOST_BYTES) {
      throw new BadRequestException(
          413, "the result is larger than " + (MOST_BYTES >> 20) + " MiB");
    }
    ResultLine line = read(workload, new String(body, StandardCharsets.UTF_8));
    Result result = line.result();
    String refusal = state.refusal(result.key());
    if (!refusal.isEmpty()) {
      throw new BadRequestException("workload " + workload.name() + ": " + refusal);
    }
    boolean isKnown =
        !history
            .entries(
                entry ->
                    entry.key().equals(result.key())
                        && entry.at().toEpochMilli() == result.startedAt().toEpochMilli(),
                1)
            .isEmpty();
    if (!isKnown) {
      state.imported(line);
    }
    return Response.text(200, isKnown ? "known already" : "imported");
  }

  private Workload workload(String name) throws BadRequestException {
    return config
        .get()
        .workload(name)
        .filter(Workload::imported)
        .orElseThrow(
            () ->
                new BadRequestException(
                    "workload: "
                        + Cut.name(Printable.of(name))
                        + " does not take imported results; set workloads.NAME.imported"));
  }

  private static ResultLine read(Workload workload, String json) throws BadRequestException {
    try {
      return ResultLine.read(workload.name(), json);
    } catch (ResultFormatException e) {
      throw new BadRequestException("the result cannot be read: " + e.getMessage());
    }
  }
}
