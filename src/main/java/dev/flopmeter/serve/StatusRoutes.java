package dev.flopmeter.serve;

import dev.flopmeter.report.html.HtmlReport;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ResultFormatException;
import dev.flopmeter.serve.http.Request;
import dev.flopmeter.serve.http.Response;
import dev.flopmeter.serve.http.Route;
import dev.flopmeter.serve.metrics.Exposition;
import dev.flopmeter.serve.metrics.Parts;
import dev.flopmeter.serve.page.StatusPage;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** What the daemon answers to. Until {@link #open}, it is only alive. */
final class StatusRoutes {
  private final Daemon daemon;
  private final Recommendations recommendations = new Recommendations();
  private final SecureRandom random = new SecureRandom();
  private volatile boolean isOpen;

  StatusRoutes(Daemon daemon) {
    this.daemon = daemon;
  }

  /** From now on everything can be asked. */
  void open() {
    isOpen = true;
  }

  List<Route> routes() {
    Api api = new Api(daemon);
    return List.of(
        Route.openGet("/-/healthy", request -> Response.text(200, "healthy")),
        Route.openGet("/-/ready", request -> ready()),
        Route.get("/metrics", opened(this::metrics)),
        Route.get("/", opened(request -> page())),
        Route.get("/report/", opened(this::report)),
        Route.get("/api/v1/workloads", opened(api::workloads)),
        Route.get("/api/v1/results", opened(api::results)),
        Route.get("/api/v1/latest", opened(api::latest)),
        Route.post("/-/reload", opened(request -> reload())));
  }

  private Route.Handler opened(Route.Handler handler) {
    return request -> isOpen ? handler.answer(request) : Response.text(503, "starting");
  }

  private Response ready() {
    return isOpen && daemon.isReady()
        ? Response.text(200, "ready")
        : Response.text(503, "starting");
  }

  private Response metrics(Request request) {
    Exposition.Format format = Exposition.Format.accepted(request.accept());
    Parts text = daemon.metrics().exposition().scrape(format, request.isGzipAccepted());
    return new Response(
        200, format.contentType(), request.isGzipAccepted(), text.length(), text::writeTo, "");
  }

  private Response reload() {
    if (!daemon.config().http().reload()) {
      return Response.text(403, "http.reload is false in the configuration; use kill -HUP");
    }
    List<String> problems = daemon.reload();
    return problems.isEmpty()
        ? Response.text(200, "configuration taken")
        : Response.text(400, "configuration not taken\n" + String.join("\n", problems));
  }

  private Response page() {
    String nonce = nonce();
    return Response.html(
        StatusPage.render(PageView.of(daemon, recommendations), nonce), Page.policy(nonce));
  }

  private Response report(Request request) {
    List<ProfileResult> results = new ArrayList<>();
    for (Board.SeriesView series : daemon.board().series()) {
      if (series.key().workload().equals(request.path())) {
        daemon
            .history()
            .json(series.entry())
            .ifPresent(
                json -> {
                  try {
                    results.add(ProfileJson.read(json));
                  } catch (ResultFormatException ignored) {
                    // of an older version; the others are shown
                  }
                });
      }
    }
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
