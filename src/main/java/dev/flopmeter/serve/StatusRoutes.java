package dev.flopmeter.serve;

import dev.flopmeter.report.html.HtmlReport;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.http.Request;
import dev.flopmeter.serve.http.Response;
import dev.flopmeter.serve.http.Route;
import dev.flopmeter.serve.metrics.Exposition;
import dev.flopmeter.serve.metrics.Format;
import dev.flopmeter.serve.page.Recommendations;
import dev.flopmeter.serve.page.Recommendations.Recommendation;
import dev.flopmeter.serve.page.Snapshot;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.page.StatusPage;
import dev.flopmeter.serve.result.TopLayers;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * @param isReady whether the first runs are planned
 * @param reload reads the configuration again and returns its problems, one line each
 */
record StatusRoutes(
    Supplier<Snapshot> snapshots,
    Exposition exposition,
    Api api,
    Imports imports,
    RunRequests runs,
    BooleanSupplier isReady,
    Supplier<List<String>> reload,
    Recommendations recommendations,
    SecureRandom random) {
  /** Rows of a page that fits the daemon's heap twice. */
  private static final int MOST_LAYERS = 1000;

  private static final Route HEALTHY =
      Route.get("/-/healthy", request -> Response.text(200, "healthy")).open();

  /** The routes of a daemon that is still starting: it is alive, but nothing else is known. */
  static List<Route> starting() {
    return List.of(HEALTHY, Route.any(request -> Response.text(503, "starting")).open());
  }

  List<Route> routes() {
    return List.of(
        HEALTHY,
        Route.get("/-/ready", request -> ready()).open(),
        Route.get("/metrics", this::metrics),
        Route.get("/", request -> page()),
        Route.get("/report/*", this::report).large(),
        Route.get("/api/v1/workloads", api::workloads),
        Route.get("/api/v1/results", api::results).large(),
        Route.get("/api/v1/latest", api::latest).large(),
        Route.get("/api/v1/annotations", api::annotations),
        Route.post("/api/v1/import", imports::take),
        Route.post("/api/v1/workloads/*/runs", runs::request),
        Route.get("/api/v1/workloads/*/runs", runs::list),
        Route.get("/api/v1/workloads/*/runs/*", runs::one),
        Route.post("/-/reload", request -> reloaded()));
  }

  private Response ready() {
    return isReady.getAsBoolean() ? Response.text(200, "ready") : Response.text(503, "starting");
  }

  private Response metrics(Request request) {
    Format format = Format.accepted(request.accept());
    List<String> names = request.parameters("name[]");
    boolean isGzipped = request.isGzipAccepted();
    List<byte[]> body =
        names.isEmpty()
            ? exposition.scrape(format, isGzipped)
            : exposition.scrape(format, Set.copyOf(names), isGzipped);
    Response answer = Response.of(200, format.contentType(), body);
    return isGzipped ? answer.with("Content-Encoding", "gzip") : answer;
  }

  private Response reloaded() {
    if (!snapshots.get().config().http().reload()) {
      return Response.text(403, "http.reload is false in the configuration; use kill -HUP");
    }
    List<String> problems = reload.get();
    return problems.isEmpty()
        ? Response.text(200, "configuration reloaded")
        : Response.text(400, "configuration not reloaded\n" + String.join("\n", problems));
  }

  private Response page() {
    String nonce = nonce();
    Snapshot snapshot = snapshots.get();
    Recommendation best = recommendations.best(snapshot.series(), api.history()).orElse(null);
    return Response.html(StatusPage.render(snapshot, best, nonce), Page.policy(nonce));
  }

  private Response report(Request request) {
    List<Series> all = snapshots.get().seriesOf(request.names().get(0));
    List<ProfileResult> results =
        all.stream()
            .flatMap(series -> api.history().json(series.entry()).stream())
            .flatMap(json -> ProfileJson.find(json).stream())
            .map(result -> TopLayers.shown(result, MOST_LAYERS / all.size()))
            .toList();
    if (results.isEmpty()) {
      return Response.text(404, "no result of a workload of this name; see /");
    }
    String nonce = nonce();
    return Response.html(HtmlReport.page(results, nonce), Page.policy(nonce));
  }

  private String nonce() {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }
}
