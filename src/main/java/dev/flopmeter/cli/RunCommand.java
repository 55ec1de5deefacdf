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
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code flopmeter run}: has a daemon run one of its workloads, and waits for the result. */
final class RunCommand extends Command {
  private static final long POLL_MILLIS = 500;

  private final Argument<String> workload = parameter(0, new Reading.Text());
  private final DaemonArguments daemon = with(new DaemonArguments());
  private final Argument<Boolean> allLayers = flag("--all-layers");
  private final OutputArguments output = with(new OutputArguments(Format.values()));

  @Override
  int run(Console console) throws InterruptedException {
    if (!daemon.isGiven()) {
      throw new ModelException("--daemon is missing, for example --daemon https://gpu-1:19400");
    }
    Client client = daemon.client();
    try (Output out = output.open(console)) {
      JsonNode run = ended(client, queued(client, console));
      List<ProfileResult> results = new ArrayList<>();
      run.path("results").forEach(result -> results.add(ProfileJson.read(result.toString())));
      if (output.format() == Format.JSON && results.size() > 1) {
        throw new ModelException("--format json holds a single result; use --format jsonl");
      }
      if (!results.isEmpty()) {
        out.text(ProfileText.of(output.format(), results, out.style(allLayers.get())));
      }
      return text(run, "state").equals("done") ? 0 : failed(run, console);
    } catch (JacksonException | ResultFormatException e) {
      throw new BackendException("the daemon's response cannot be read: " + e.getMessage(), e);
    }
  }

  /** Queues the run; returns the address for its state. */
  private String queued(Client client, Console console) throws InterruptedException {
    String name = URLEncoder.encode(workload.get(), StandardCharsets.UTF_8);
    while (true) {
      HttpResponse<String> response =
          client.send("POST", "/api/v1/workloads/" + name + "/runs", BodyPublishers.noBody());
      String wait = response.headers().firstValue("Retry-After").orElse("");
      if (response.statusCode() == 202 || !wait.matches("\\d{1,3}")) {
        return client.accepted(response).headers().firstValue("Location").orElse("/");
      }
      console.warn("the daemon does not accept requests now; retrying in " + wait + " s");
      TimeUnit.SECONDS.sleep(Long.parseLong(wait));
    }
  }

  private static JsonNode ended(Client client, String place) throws InterruptedException {
    try (Progress shown = Console.progress()) {
      while (true) {
        HttpResponse<String> response = client.send("GET", place, BodyPublishers.noBody());
        JsonNode run = JsonMapper.shared().readTree(client.accepted(response).body());
        String state = text(run, "state");
        if (!List.of("queued", "running").contains(state)) {
          return run;
        }
        Optional<JsonNode> running =
            run.path("targets").valueStream().filter(one -> one.has("phase")).findFirst();
        String phase = running.map(one -> text(one, "phase")).orElse("");
        shown.report(
            phase.isEmpty() ? state : phase,
            run.path("done").asDouble(0),
            running.map(RunCommand::target).orElse(""));
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      }
    }
  }

  /** Prints the reason; the exit code is that of {@code profile}. */
  private static int failed(JsonNode run, Console console) {
    List<JsonNode> failed =
        run.path("targets")
            .valueStream()
            .filter(one -> text(one, "state").equals("failed"))
            .toList();
    for (JsonNode one : failed) {
      console.warn(target(one) + ": " + text(one, "outcome") + ": " + text(one, "reason"));
    }
    return failed.stream().allMatch(one -> text(one, "outcome").equals("failed"))
        ? Main.BAD_INPUT
        : Main.DEVICE_FAILED;
  }

  /** {@code cuda:0, fp16}. */
  private static String target(JsonNode target) {
    return text(target, "device") + ", " + text(target, "precision");
  }

  private static String text(JsonNode object, String name) {
    return object.path(name).asString("");
  }
}
