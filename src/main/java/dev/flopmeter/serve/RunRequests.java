package dev.flopmeter.serve;

import dev.flopmeter.serve.RequestedRuns.Part;
import dev.flopmeter.serve.RequestedRuns.Run;
import dev.flopmeter.serve.RequestedRuns.State;
import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.http.Request;
import dev.flopmeter.serve.http.Response;
import dev.flopmeter.serve.http.Route.BadRequestException;
import dev.flopmeter.serve.time.Clocks;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import tools.jackson.databind.util.RawValue;

/**
 * Runs on request: {@code POST /api/v1/workloads/NAME/runs} queues one with the others; the
 * location in the response has its state and, finally, its results. Only for users with a password.
 */
record RunRequests(
    Supplier<ServeConfig> config,
    DeviceThreads threads,
    WorkerRunner runner,
    History history,
    Clocks clocks,
    RateLimit rate) {
  static final int MOST_A_MINUTE = 10;

  /** Queues a run, or returns the one that is already queued. */
  Response request(Request request) throws BadRequestException, IOException {
    Workload workload = workload(request);
    if (!config.get().http().isAuthenticated()) {
      throw new BadRequestException(403, "requesting a run requires a password; add http.users");
    }
    if (workload.imported()) {
      throw new BadRequestException(409, workload.name() + " is imported and cannot be run");
    }
    if (request.body().read() >= 0) {
      throw new BadRequestException("the request must have no body");
    }
    long wait = rate.take();
    if (wait > 0) {
      return later(429, "more than " + MOST_A_MINUTE + " requests in a minute", wait);
    }
    Optional<Run> run = threads.request(workload.name(), clocks.wall().instant());
    if (run.isEmpty()) {
      return later(503, "starting or stopping, or too many runs are queued", 10);
    }
    String place = "/api/v1/workloads/" + workload.name() + "/runs/" + run.get().id();
    return answer(202, run.get()).with("Location", place);
  }

  private static Response later(int status, String message, long seconds) {
    return Response.error(status, "/api/", message + "; wait " + seconds + " s")
        .with("Retry-After", Long.toString(seconds));
  }

  /** The remembered runs of a workload, the oldest first, without their results. */
  Response list(Request request) throws BadRequestException {
    Stream<Run> runs = runs(workload(request)).stream();
    return Api.list(200, Map.of(), "runs", runs.map(this::head));
  }

  Response one(Request request) throws BadRequestException {
    String id = request.names().get(1);
    return runs(workload(request)).stream()
        .filter(run -> run.id().equals(id))
        .findFirst()
        .map(run -> answer(200, run))
        .orElseThrow(
            () -> new BadRequestException(404, "no such run; only recent runs are stored"));
  }

  private List<Run> runs(Workload workload) {
    return threads.requested().stream()
        .filter(run -> run.workload().equals(workload.name()))
        .toList();
  }

  private Workload workload(Request request) throws BadRequestException {
    Api.onlyKnown(request);
    return config
        .get()
        .workload(request.names().get(0))
        .orElseThrow(
            () -> new BadRequestException(404, "no workload of this name; see /api/v1/workloads"));
  }

  private Response answer(int status, Run run) {
    Stream<RawValue> results =
        run.parts().stream()
            .flatMap(part -> part.results().stream())
            .flatMap(entry -> history.json(entry).stream())
            .map(RawValue::new);
    return Api.list(status, head(run), "results", results);
  }

  private Map<String, Object> head(Run run) {
    return Api.object(
        "id", run.id(),
        "workload", run.workload(),
        "state", run.state().label(),
        "requested_at", run.requestedAt(),
        "done", run.parts().stream().mapToDouble(this::done).average().orElse(0),
        "targets", run.parts().stream().map(this::part).toList());
  }

  private double done(Part part) {
    return switch (part.state()) {
      case QUEUED -> 0;
      case RUNNING -> runner.step(part.target()).done();
      case DONE, FAILED -> 1;
    };
  }

  private Map<String, Object> part(Part part) {
    boolean isRunning = part.state() == State.RUNNING;
    return Api.object(
        "device", part.target().device(),
        "precision", part.target().precision(),
        "state", part.state().label(),
        "phase", isRunning ? runner.step(part.target()).phase() : null,
        "done", done(part),
        "outcome", part.outcome().isEmpty() ? null : part.outcome(),
        "reason", part.reason().isEmpty() ? null : part.reason());
  }
}
