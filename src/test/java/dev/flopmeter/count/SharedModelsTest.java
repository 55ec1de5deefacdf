package dev.flopmeter.count;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.Flopmeter;
import dev.flopmeter.SharedData;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every available model binds and counts, and none of its operators is uncounted. */
class SharedModelsTest {
  static Stream<Path> models() {
    return SharedData.models("models").stream()
        .filter(model -> !model.toString().contains("lfs_pointer"));
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("models")
  void counts(Path file) {
    OnnxModel model = OnnxModel.read(file);
    Map<String, Long> dims =
        model.inputs().stream()
            .flatMap(input -> input.dims() == null ? Stream.of() : input.dims().stream())
            .filter(dim -> dim.symbol() != null)
            .map(dim -> dim.symbol())
            .distinct()
            .collect(java.util.stream.Collectors.toMap(name -> name, name -> 8L));
    Bindings bindings = new Bindings(Map.of(), OptionalLong.of(1), dims, Map.of(), Map.of());

    Counts counts = Flopmeter.count(model, bindings);

    assertThat(counts.uncounted()).as("uncounted").isEqualTo(List.of());
    assertThat(counts.totals().flops()).isPositive();
    assertThat(counts.peakActivationBytes()).isPositive();
  }
}
