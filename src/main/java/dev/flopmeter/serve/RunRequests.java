package dev.flopmeter.serve;

import dev.flopmeter.serve.RequestedRun.Part;
import dev.flopmeter.serve.RequestedRun.State;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.http.Request;
import dev.flopmeter.serve.http.Response;
import dev.flopmeter.serve.http.Route.BadRequestException;
import dev.flopmeter.serve.time.Clocks;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import tools.jackson.databind.util.RawValue;

/**
 * Runs on request: {@code POST /api/v1/workloads/NAME/runs} queues one with the others, at the
 * place that its answer gives there is how far it is, and its results in the end. Only for users
 * with a password.
 */
final class RunRequests {
  static final int MOST_A_MINUTE = 10;

  private static final String API = "/api/";
  private static final String RETRY = "Retry-After";

  private final Supplier<ServeConfig> config;
  private final DeviceThreads threads;
  private final History history;
  private final Clocks clocks;
  private final RateLimit rate;

  RunRequests(Supplier<ServeConfig> config, DeviceThreads threads, History history, Clocks clocks) {
    this.config = config;
    this.threads = threads;
    this.history = history;
    this.clocks = clocks;
    this.rate = new RateLimit(MOST_A_MINUTE, clocks.nanos());
  }

  /** Queues a run, or tells of the one that is queued already. */
  Response request(Request request) throws BadRequestException, IOException {
    Api.onlyKnown(request);
    if (config.get().http().users().isEmpty()) {
      return Response.error(403, API, "requesting a run requires a password; add http.users");
    }
    Optional<Workload> workload = workload(request);
    if (workload.isEmpty()) {
      return unknown();
    }
    String name = workload.get().name();
    if (workload.get().imported()) {
      return Response.error(409, API, name + " is imported: nothing is run for it");
    }
    if (request.body().read() >= 0) {
      throw new BadRequestException("a run takes no body: its workload is configured");
    }
    long wait = rate.take();
    if (wait > 0) {
      String message = "more than " + MOST_A_MINUTE + " requests in a minute; wait " + wait + " s";
      return Response.error(429, API, message).with(RETRY, Long.toString(wait));
    }
    return threads
        .request(name, clocks.wall().instant())
        .map(
            run ->
                answer(202, run)
                    .with("Location", "/api/v1/workloads/" + name + "/runs/" + run.id()))
        .orElseGet(
            () ->
                Response.error(503, API, "starting, or too many runs are queued; try again")
                    .with(RETRY, "10"));
  }

  /** The remembered runs of a workload, the oldest first, without their results. */
  Response list(Request request) throws BadRequestException {
    Api.onlyKnown(request);
    return workload(request)
        .map(
            known ->
                Api.list(
                    200,
                    Map.of(),
                    "runs",
                    threads.requested(known.name()).stream().map(this::head)))
        .orElseGet(RunRequests::unknown);
  }

  /** One run with its results. */
  Response one(Request request) throws BadRequestException {
    Api.onlyKnown(request);
    String id = request.names().get(1);
    return threads.requested(request.names().get(0)).stream()
        .filter(run -> run.id().equals(id))
        .findFirst()
        .map(run -> answer(200, run))
        .orElseGet(() -> Response.error(404, API, "no run of this name; the oldest are forgotten"));
  }

  private Optional<Workload> workload(Request request) {
    String name = request.names().get(0);
    return config.get().workloads().stream().filter(one -> one.name().equals(name)).findFirst();
  }

  private static Response unknown() {
    return Response.error(404, API, "no workload of this name; see /api/v1/workloads");
  }

  private Response answer(int status, RequestedRun run) {
    Stream<RawValue> results =
        run.parts().stream()
            .flatMap(part -> part.results().stream())
            .flatMap(entry -> history.json(entry).stream())
            .map(RawValue::new);
    return Api.list(status, head(run), "results", results);
  }

  private Map<String, Object> head(RequestedRun run) {
    return Api.object(
        "id", run.id(),
        "workload", run.workload(),
        "state", label(run.state()),
        "requested_at", run.requestedAt(),
        "done", run.parts().stream().mapToDouble(this::done).average().orElse(0),
        "targets", run.parts().stream().map(this::part).toList());
  }

  private double done(Part part) {
    return part.state().isEnd() ? 1 : threads.step(part).done();
  }

  private Map<String, Object> part(Part part) {
    boolean isRunning = part.state() == State.RUNNING;
    WorkerRunner.Step step = threads.step(part);
    return Api.object(
        "device", part.target().device(),
        "precision", part.target().precision(),
        "state", label(part.state()),
        "phase", isRunning ? step.phase() : null,
        "done", isRunning ? (Object) step.done() : null,
        "outcome", part.outcome().isEmpty() ? null : part.outcome(),
        "reason", part.reason().isEmpty() ? null : part.reason());
  }

  private static String label(State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
