package dev.flopmeter.live;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.translate.Batchifier;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import dev.flopmeter.Flopmeter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Real predictors on PyTorch's CPU engine. */
class EfficiencyTranslatorTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicLong clock = new AtomicLong();

  /** Sums the scores of three features. */
  private record Scores(Batchifier getBatchifier) implements Translator<float[], Float> {
    @Override
    public NDList processInput(TranslatorContext context, float[] features) {
      return new NDList(context.getNDManager().create(features, new Shape(features.length / 3, 3)));
    }

    @Override
    public Float processOutput(TranslatorContext context, NDList scores) {
      return scores.singletonOrThrow().sum().getFloat();
    }
  }

  private List<Float> predict(Batchifier batchifier, Shape counted, List<float[]> inputs)
      throws TranslateException {
    try (Model model = Model.newInstance("scores", "PyTorch")) {
      Block block = Linear.builder().setUnits(2).build();
      block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 3));
      model.setBlock(block);
      ModelEfficiency efficiency =
          ModelEfficiency.of(Flopmeter.count(Linear.builder().setUnits(2).build(), counted))
              .clock(() -> clock.addAndGet(1_000))
              .bindTo(registry);
      Translator<float[], Float> translator =
          new EfficiencyTranslator<>(new Scores(batchifier), efficiency);
      try (Predictor<float[], Float> predictor = model.newPredictor(translator)) {
        return predictor.batchPredict(inputs);
      }
    }
  }

  private double inferences() {
    return registry.get("flopmeter.inferences").functionCounter().count();
  }

  @Test
  void aBatchOfRequestsIsOneCall() throws TranslateException {
    List<float[]> inputs = List.of(new float[3], new float[3], new float[3], new float[3]);
    assertThat(predict(Batchifier.STACK, new Shape(1, 1, 3), inputs)).hasSize(4);
    assertThat(inferences()).isEqualTo(4);
    assertThat(registry.get("flopmeter.inference.duration").functionTimer().count()).isEqualTo(1);
    assertThat(registry.get("flopmeter.inference.flop").functionCounter().count())
        .isEqualTo(4 * 2 * 3 * 2);
  }

  @Test
  void withoutABatchifierEachRequestIsACall() throws TranslateException {
    List<float[]> inputs = List.of(new float[3], new float[6]);
    assertThat(predict(null, new Shape(1, 3), inputs)).hasSize(2);
    assertThat(inferences()).isEqualTo(1 + 2);
    assertThat(registry.get("flopmeter.inference.duration").functionTimer().count()).isEqualTo(2);
  }

  @Test
  void aShapeThatDoesNotFitIsDiscardedAndTheRequestAnswered() throws TranslateException {
    assertThat(predict(null, new Shape(1, 7, 3), List.of(new float[3]))).hasSize(1);
    assertThat(inferences()).isZero();
    assertThat(
            registry
                .get("flopmeter.measurement.discarded")
                .tag("reason", "shape")
                .counter()
                .count())
        .isEqualTo(1);
  }
}
