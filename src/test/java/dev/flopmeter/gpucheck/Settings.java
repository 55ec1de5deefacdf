package dev.flopmeter.gpucheck;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The settings of {@code gpu-check}, from its environment variables.
 *
 * @param home the unpacked archive
 * @param started when the script started; the budget counts from there
 * @param budget after which everything is over
 * @param network that is profiled in every way
 * @param batches of that network, most valuable first
 * @param blocks further models in fp16, each {@code MODEL[:DIM=N...]}
 * @param checks {@code NETWORK:PRECISION} pairs to compare with the references, most valuable first
 * @param precisions of the network beside fp16, at its first batch
 * @param time each profile measures
 * @param device {@code cuda:N}
 * @param python a Python that has PyTorch, if one was found
 */
record Settings(
    Path home,
    Instant started,
    Duration budget,
    String network,
    List<Integer> batches,
    List<String> blocks,
    List<String> checks,
    List<String> precisions,
    Duration time,
    String device,
    Optional<String> python) {
  /** Each network and each precision once; the remaining pairs come last. */
  private static final String CHECKS =
      "resnet50:fp16 vit_b_16:bf16 bert-base:fp16 resnet18:fp32 resnet18:tf32";

  static Settings of(Map<String, String> environment) {
    Duration budget = seconds(environment, "GPU_CHECK_BUDGET", 480);
    return new Settings(
        Path.of(environment.getOrDefault("GPU_CHECK_HOME", ".")),
        Instant.ofEpochSecond(
            Long.parseLong(
                environment.getOrDefault(
                    "GPU_CHECK_STARTED", Long.toString(Instant.now().getEpochSecond())))),
        budget,
        environment.getOrDefault("GPU_CHECK_NETWORK", "resnet50"),
        list(environment, "GPU_CHECK_BATCHES", "256 64 8 1").stream()
            .map(Integer::valueOf)
            .toList(),
        list(
            environment,
            "GPU_CHECK_BLOCKS",
            "attention:sequence=4096 llama3-8b-block:sequence=2048"),
        list(environment, "GPU_CHECK_CHECKS", CHECKS),
        list(environment, "GPU_CHECK_PRECISIONS", "bf16 tf32 int8 fp8"),
        seconds(environment, "GPU_CHECK_TIME", Math.max(1, budget.toSeconds() / 120)),
        environment.getOrDefault("GPU_CHECK_DEVICE", "cuda:0"),
        Optional.of(environment.getOrDefault("GPU_CHECK_PYTHON", "")).filter(p -> !p.isBlank()));
  }

  private static Duration seconds(Map<String, String> environment, String name, long otherwise) {
    return Duration.ofSeconds(
        Long.parseLong(environment.getOrDefault(name, Long.toString(otherwise))));
  }

  private static List<String> list(Map<String, String> environment, String name, String otherwise) {
    return Arrays.stream(environment.getOrDefault(name, otherwise).strip().split("\\s+"))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  /** A share of the budget. */
  Duration share(int part, int of) {
    return budget.multipliedBy(part).dividedBy(of);
  }
}
