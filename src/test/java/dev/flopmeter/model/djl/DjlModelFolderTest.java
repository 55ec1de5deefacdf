package dev.flopmeter.model.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.basicmodelzoo.basic.Mlp;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.flopmeter.Flopmeter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder saved by DJL itself, with a block factory of DJL's model zoo. */
class DjlModelFolderTest {
  private static final String FACTORY = "ai.djl.basicmodelzoo.basic.MlpBlockFactory";

  @TempDir private Path folder;

  @BeforeEach
  void write() throws IOException {
    properties(
        "option.blockFactory=" + FACTORY,
        "option.width=28",
        "option.height=28",
        "option.output=10",
        "option.hidden=128,64");
  }

  private void properties(String... lines) throws IOException {
    Files.write(folder.resolve("serving.properties"), java.util.List.of(lines));
  }

  private void save() throws IOException {
    try (ai.djl.Model model = ai.djl.Model.newInstance("digits", "PyTorch")) {
      Block block = new Mlp(784, 10, new int[] {128, 64});
      block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(32, 784));
      model.setBlock(block);
      model.save(folder, "digits");
    }
  }

  @Test
  void countsASavedModel() throws IOException {
    save();
    assertThat(DjlModelFolder.is(folder)).isTrue();
    Model model = DjlModelFolder.read(folder);
    assertThat(model.name()).isEqualTo("digits");
    Counts counts = Flopmeter.count(model, Bindings.ofBatch(32));
    assertThat(counts.totals().macs()).isEqualTo(32 * (784 * 128 + 128 * 64 + 64 * 10));
    assertThat(counts.model().source()).isEqualTo(folder.toString());
  }

  @Test
  void theBatchOfTheTrainingIsNotTheModels() throws IOException {
    save();
    Counts counts = Flopmeter.count(DjlModelFolder.read(folder), Bindings.NONE);
    assertThat(counts.totals().macs()).isEqualTo(784 * 128 + 128 * 64 + 64 * 10);
  }

  @Test
  void withoutParametersTheCallerMustGiveTheShape() {
    Model model = DjlModelFolder.read(folder);
    assertThatThrownBy(() -> model.bind(Bindings.NONE)).hasMessageContaining("--input");
    Bindings shape = Bindings.NONE.withShape("data", dev.flopmeter.model.Shape.of(1, 784));
    assertThat(Flopmeter.count(model, shape).totals().macs()).isPositive();
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    properties("engine=PyTorch");
    assertThatThrownBy(() -> DjlModelFolder.read(folder))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("option.blockFactory=CLASS");
    properties("blockFactory=no.such.Factory");
    assertThatThrownBy(() -> DjlModelFolder.read(folder)).hasMessageContaining("no.such.Factory");
    Files.delete(folder.resolve("serving.properties"));
    assertThat(DjlModelFolder.is(folder)).isFalse();
    Files.writeString(folder.resolve("x.params"), "not DJL's");
    properties("option.blockFactory=" + FACTORY);
    assertThatThrownBy(() -> DjlModelFolder.read(folder))
        .hasMessageContaining("not a file of DJL parameters");
  }
}
