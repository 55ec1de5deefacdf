package dev.flopmeter.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The default checks of a GPU host that is available for some minutes, most valuable first. */
class CheckListTest {
  @TempDir Path folder;

  private List<String> names(Map<String, String> environment) throws IOException {
    Settings settings = Settings.of(environment);
    Results results = new Results(folder, folder);
    Programs programs = new Programs(folder);
    try (TorchPeer torch = new TorchPeer(programs, settings, results)) {
      return new CheckList(settings, programs, torch, results)
          .items().stream().map(Item::name).toList();
    }
  }

  @Test
  void itemsAreInTheOrderOfTheirWorth() throws IOException {
    List<String> names = names(Map.of());
    assertThat(names)
        .startsWith(
            "doctor",
            "devices",
            "correctness resnet50 fp16",
            "correctness vit_b_16 bf16",
            "correctness bert-base fp16",
            "correctness resnet18 fp32",
            "correctness resnet18 tf32",
            "profile resnet50 fp16 256 turn 1",
            "torch eager fp16 256 turn 1");
    assertThat(names)
        .containsSubsequence(
            "torch eager fp16 1 turn 1",
            "torch compiled fp16 256 turn 1",
            "torch compiled fp16 1 turn 2",
            "roof",
            "profile attention fp16",
            "profile llama3-8b-block fp16",
            "profile resnet50 bf16 256 turn 1",
            "profile resnet50 tf32 256 turn 1",
            "profile resnet50 int8 256 turn 1",
            "profile resnet50 fp8 256 turn 1",
            "correctness resnet50 fp32");
    assertThat(names).doesNotHaveDuplicates();
  }

  /** By turns, so that a change of the clocks affects both sides. */
  @Test
  void flopmeterAndPyTorchTakeTurnsAtEveryBatch() throws IOException {
    List<String> names = names(Map.of());
    for (int batch : new int[] {256, 64, 8, 1}) {
      assertThat(names)
          .containsSequence(
              "profile resnet50 fp16 " + batch + " turn 1", "torch eager fp16 " + batch + " turn 1")
          .containsSequence(
              "torch compiled fp16 " + batch + " turn 1",
              "profile resnet50 fp16 " + batch + " turn 2",
              "torch eager fp16 " + batch + " turn 2",
              "torch compiled fp16 " + batch + " turn 2");
    }
  }

  @Test
  void budgetIsEightMinutesUnlessSaidOtherwise() {
    assertThat(Settings.of(Map.of()).budget()).hasSeconds(480);
    assertThat(Settings.of(Map.of("GPU_CHECK_BUDGET", "60")).budget()).hasSeconds(60);
  }
}
