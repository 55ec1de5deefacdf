package dev.flopmeter.cli;

import dev.flopmeter.cli.DaemonArguments.Client;
import dev.flopmeter.cli.output.Output;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.result.ProfileJson;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ResultFormatException;
import dev.flopmeter.run.BackendException;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code flopmeter run}: has a daemon run one of its workloads, and waits for the result. */
final class RunCommand extends Command {
  private static final long POLL_MILLIS = 500;

  /** A daemon that admits requests at intervals is asked this often. */
  private static final int MOST_REQUESTS = 10;

  private final Argument<String> workload = parameter(0, Reading.TEXT);
  private final DaemonArguments daemon = with(new DaemonArguments());
  private final Argument<Boolean> allLayers = flag("--all-layers");
  private final OutputArguments output = with(new OutputArguments(Format.values()));

  @Override
  int run(Console console) throws InterruptedException {
    Client client =
        daemon
            .client()
            .orElseThrow(
                () ->
                    new ModelException(
                        "--daemon is missing, for example --daemon https://gpu-1:19400"));
    try (Output out = output.open(console)) {
      JsonNode run = ended(client, queued(client, console));
      List<ProfileResult> results = results(run);
      if (output.format() == Format.JSON && results.size() > 1) {
        throw new ModelException("--format json holds one result, not several; use --format jsonl");
      }
      if (!results.isEmpty()) {
        out.text(ProfileText.of(output.format(), results, out.style(allLayers.get())));
      }
      return run.path("state").asString("").equals("done") ? 0 : failed(run, console);
    }
  }

  /** Queues the run; returns where to ask for it. */
  private String queued(Client client, Console console) throws InterruptedException {
    String name = URLEncoder.encode(workload.get(), StandardCharsets.UTF_8);
    HttpResponse<String> response = null;
    for (int i = 0; i < MOST_REQUESTS; i++) {
      response =
          client.send("POST", "/api/v1/workloads/" + name + "/runs", BodyPublishers.noBody());
      String wait = response.headers().firstValue("Retry-After").orElse("");
      if (response.statusCode() == 202 || !wait.matches("\\d{1,3}")) {
        break;
      }
      console.warn("the daemon takes no request now; asking again in " + wait + " s");
      TimeUnit.SECONDS.sleep(Long.parseLong(wait));
    }
    String place = response.headers().firstValue("Location").orElse("");
    if (response.statusCode() != 202 || !place.startsWith("/")) {
      throw client.refusal(response);
    }
    return place;
  }

  private static JsonNode ended(Client client, String place) throws InterruptedException {
    try (Progress shown = Console.progress()) {
      while (true) {
        HttpResponse<String> response = client.send("GET", place, BodyPublishers.noBody());
        if (response.statusCode() != 200) {
          throw client.refusal(response);
        }
        JsonNode run = read(response.body());
        String state = run.path("state").asString("");
        if (state.equals("done") || state.equals("failed")) {
          return run;
        }
        show(run, state, shown);
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      }
    }
  }

  private static JsonNode read(String answer) {
    try {
      return JsonMapper.shared().readTree(answer);
    } catch (JacksonException e) {
      throw new BackendException("the daemon's answer is not JSON", e);
    }
  }

  private static void show(JsonNode run, String state, Progress shown) {
    double done = run.path("done").asDouble(0);
    for (JsonNode target : run.path("targets")) {
      if (target.path("state").asString("").equals("running")) {
        String phase = target.path("phase").asString("");
        shown.report(phase.isEmpty() ? state : phase, done, target(target));
        return;
      }
    }
    shown.report(state, done, "");
  }

  private static List<ProfileResult> results(JsonNode run) {
    List<ProfileResult> results = new ArrayList<>();
    for (JsonNode result : run.path("results")) {
      try {
        results.add(ProfileJson.read(result.toString()));
      } catch (ResultFormatException e) {
        throw new BackendException("a result cannot be read: " + e.getMessage(), e);
      }
    }
    return results;
  }

  /** Tells why; the exit code is that of {@code profile}. */
  private static int failed(JsonNode run, Console console) {
    boolean isRefused = true;
    for (JsonNode target : run.path("targets")) {
      String outcome = target.path("outcome").asString("");
      if (!outcome.equals("success")) {
        isRefused &= outcome.equals("failed");
        String reason = target.path("reason").asString("");
        console.warn(target(target) + ": " + outcome + (reason.isEmpty() ? "" : ": " + reason));
      }
    }
    return isRefused ? Main.BAD_INPUT : Main.DEVICE_FAILED;
  }

  /** {@code cuda:0, fp16}. */
  private static String target(JsonNode target) {
    return target.path("device").asString("") + ", " + target.path("precision").asString("");
  }
}
