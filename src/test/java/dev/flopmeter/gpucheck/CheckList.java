package dev.flopmeter.gpucheck;

import dev.flopmeter.gpucheck.Outcome.State;
import dev.flopmeter.result.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** All checks of a device, most valuable first. */
final class CheckList {
  private static final Duration LEAST = Duration.ofSeconds(3);
  private static final Duration SHORTEST = Duration.ofSeconds(20);

  private final Settings settings;
  private final Programs programs;
  private final TorchPeer torch;
  private final Results results;
  private final List<Item> items = new ArrayList<>();

  CheckList(Settings settings, Programs programs, TorchPeer torch, Results results) {
    this.settings = settings;
    this.programs = programs;
    this.torch = torch;
    this.results = results;
  }

  List<Item> items() {
    doctor();
    settings.checks().forEach(this::correctness);
    for (int batch : settings.batches()) {
      profile(settings.network(), "fp16", batch, 1);
      torch("eager", batch, 1);
    }
    for (int batch : settings.batches()) {
      torch("compiled", batch, 1);
      profile(settings.network(), "fp16", batch, 2);
      torch("eager", batch, 2);
      torch("compiled", batch, 2);
    }
    flopmeter("roof", 8, "roof", "--device", settings.device(), "--format", "json");
    settings.blocks().forEach(this::block);
    for (String precision : settings.precisions()) {
      profile(settings.network(), precision, settings.batches().get(0), 1);
    }
    pairs().filter(pair -> !settings.checks().contains(pair)).forEach(this::correctness);
    return List.copyOf(items);
  }

  private Stream<String> pairs() {
    return settings.checks().stream()
        .map(pair -> pair.substring(0, pair.indexOf(':')))
        .distinct()
        .flatMap(
            network ->
                Stream.of("fp16", "fp32", "bf16", "tf32")
                    .map(precision -> network + ":" + precision));
  }

  /** A part of the budget, at least the time to start and measure anything. */
  private Duration part(int of) {
    Duration share = settings.share(1, of);
    return share.compareTo(SHORTEST) < 0 ? SHORTEST : share;
  }

  private void add(String name, UnaryOperator<Duration> limit, Item.Task task) {
    items.add(new Item(name, LEAST, limit, task));
  }

  private void doctor() {
    add(
        "doctor",
        left -> part(4),
        (item, limit) -> {
          Path file = results.file("doctor.txt");
          Outcome outcome =
              programs.flopmeter(item, limit, List.of("doctor", "-o", file.toString()));
          torch.start();
          return outcome.state() == State.FAILED ? verdict(outcome, file) : outcome;
        });
    flopmeter("devices", 8, "devices", "--format", "json");
  }

  /**
   * Only the device's lines count: the archive has no CPU engine, which doctor reports as missing.
   */
  private Outcome verdict(Outcome outcome, Path doctor) throws IOException {
    List<String> lines = Files.exists(doctor) ? Files.readAllLines(doctor) : List.of();
    boolean isWell =
        lines.stream()
            .anyMatch(l -> l.matches("ok +" + settings.device() + " computes .* correctly .*"));
    String problems =
        lines.stream()
            .filter(line -> line.startsWith("PROBLEM") && !line.contains("cpu cannot be used"))
            .collect(Collectors.joining("; "));
    return new Outcome(
        outcome.item(),
        isWell ? State.DONE : State.FAILED,
        outcome.took(),
        isWell ? "" : lines.isEmpty() ? outcome.detail() : problems);
  }

  /** A command that writes one JSON file and may take this part of the budget. */
  private void flopmeter(String name, int part, String... arguments) {
    List<String> all = new ArrayList<>(Arrays.asList(arguments));
    Path file = results.file(name.replace(' ', '-') + ".json");
    all.addAll(List.of("-o", file.toString()));
    add(name, left -> part(part), (item, limit) -> programs.flopmeter(item, limit, all));
  }

  private void correctness(String pair) {
    String network = pair.substring(0, pair.indexOf(':'));
    String precision = pair.substring(pair.indexOf(':') + 1);
    List<String> arguments =
        List.of(
            "check",
            settings.home().resolve("check").toString(),
            network,
            precision,
            settings.device(),
            results.file("correctness.jsonl").toString());
    add(
        "correctness " + network + " " + precision,
        left -> part(8),
        (item, limit) -> programs.check(item, limit, arguments));
  }

  private void profile(String model, String precision, int batch, int turn) {
    String name = "profile " + model + " " + precision + " " + batch + " turn " + turn;
    if (Arrays.stream(Precision.values()).noneMatch(p -> p.label().equals(precision))) {
      add(
          name,
          left -> left,
          (item, limit) -> Outcome.leftOut(item, "this flopmeter has no " + precision));
      return;
    }
    profile(name, model, precision, List.of("--batch", Integer.toString(batch)));
  }

  private void profile(String name, String model, String precision, List<String> more) {
    List<String> arguments = new ArrayList<>(List.of("profile"));
    arguments.add(References.model(settings.home().resolve("check"), model));
    arguments.addAll(List.of("--backend", "cudnn"));
    arguments.addAll(List.of("--device", settings.device(), "--precision", precision));
    arguments.addAll(more);
    arguments.addAll(List.of("--no-check", "--no-roof", "--format", "json"));
    arguments.addAll(List.of("--max-time", settings.time().toSeconds() + "s"));
    flopmeter(name, 8, arguments.toArray(String[]::new));
  }

  /** {@code MODEL[:DIM=N...]}. */
  private void block(String block) {
    String[] parts = block.split(":");
    List<String> dims = new ArrayList<>();
    for (String dim : Arrays.asList(parts).subList(1, parts.length)) {
      dims.addAll(List.of("--dim", dim));
    }
    profile("profile " + parts[0] + " fp16", parts[0], "fp16", dims);
  }

  /**
   * A turn of PyTorch. Compiling may take a quarter of the budget, but must leave a fifth for the
   * rest; if it took longer once, it is not tried again.
   */
  private void torch(String mode, int batch, int turn) {
    boolean isCompiled = mode.equals("compiled");
    add(
        "torch " + mode + " fp16 " + batch + " turn " + turn,
        left ->
            isCompiled && turn == 1
                ? least(settings.share(1, 4), left.minus(settings.share(1, 5)))
                : part(8),
        (item, limit) -> {
          if (!torch.isPresent()) {
            return Outcome.leftOut(
                item, "no Python with torch and torchvision was found; see environment.txt");
          }
          boolean wasSlow =
              results.outcomes().stream()
                  .anyMatch(
                      o -> o.item().startsWith("torch compiled") && o.state() == State.LEFT_OUT);
          if (wasSlow && (isCompiled || turn > 1)) {
            return Outcome.leftOut(item, "compiling takes too long; see above");
          }
          return torch.time(item, limit, batch, mode);
        });
  }

  private static Duration least(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }
}
