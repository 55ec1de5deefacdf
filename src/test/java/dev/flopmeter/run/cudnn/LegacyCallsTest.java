package dev.flopmeter.run.cudnn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** cuDNN computes everything through its graph API: docs/gpu-setup.md names no other. */
class LegacyCallsTest {
  private static final Pattern CALL = Pattern.compile("JCudnn\\s*\\.\\s*(cudnn\\w+)");

  @Test
  void onlyTheGraphApiComputes() throws IOException {
    List<Path> sources;
    try (Stream<Path> all = Files.walk(Path.of("src/main/java"))) {
      sources = all.filter(path -> path.toString().endsWith(".java")).toList();
    }
    StringBuilder text = new StringBuilder();
    for (Path source : sources) {
      text.append(Files.readString(source));
    }
    List<String> calls =
        CALL.matcher(text).results().map(call -> call.group(1)).distinct().toList();
    assertThat(calls).contains("cudnnBackendExecute");
    assertThat(calls)
        .filteredOn(call -> !call.startsWith("cudnnBackend"))
        .containsOnly("cudnnCreate", "cudnnDestroy", "cudnnSetStream", "cudnnGetErrorString");
    assertThat(text).doesNotContain("import static jcuda.jcudnn");
  }
}
