package dev.flopmeter.live;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import ai.djl.translate.TranslatorOptions;
import dev.flopmeter.model.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A DJL translator that records every call of its predictor:
 *
 * <pre>{@code
 * Predictor<Image, Classifications> predictor =
 *     model.newPredictor(new EfficiencyTranslator<>(translator, efficiency));
 * }</pre>
 *
 * <p>A call's time runs from the moment its input is ready until its output has been processed. DJL
 * starts work on a GPU and returns; reading the result in the wrapped translator waits for it, so
 * the time is that of the result on the host ({@link Timing#HOST}), the reading included. With a
 * translator that passes arrays on without reading them, times on a GPU are too short: wrap it only
 * if it reads its output.
 *
 * <p>It never breaks the host's request: a call that cannot be recorded is counted as {@code
 * flopmeter_measurement_discarded_total}, with the reason {@code shape} (the model does not accept
 * it) or {@code error}.
 */
public final class EfficiencyTranslator<I, O> implements Translator<I, O> {
  private static final String STARTED = "dev.flopmeter.live.started";

  private final Translator<I, O> wrapped;
  private final ModelEfficiency efficiency;

  private record StartedCall(InputShapes shapes, long startNanos) {}

  public EfficiencyTranslator(Translator<I, O> wrapped, ModelEfficiency efficiency) {
    this.wrapped = wrapped;
    this.efficiency = efficiency;
  }

  @Override
  public NDList processInput(TranslatorContext context, I input) throws Exception {
    return started(context, wrapped.processInput(context, input));
  }

  @Override
  public O processOutput(TranslatorContext context, NDList output) throws Exception {
    O result = wrapped.processOutput(context, output);
    ended(context);
    return result;
  }

  @Override
  public NDList batchProcessInput(TranslatorContext context, List<I> inputs) throws Exception {
    return started(context, wrapped.batchProcessInput(context, inputs));
  }

  @Override
  public List<O> batchProcessOutput(TranslatorContext context, NDList output) throws Exception {
    List<O> results = wrapped.batchProcessOutput(context, output);
    ended(context);
    return results;
  }

  private NDList started(TranslatorContext context, NDList batch) {
    try {
      List<Shape> shapes = new ArrayList<>(batch.size());
      for (NDArray array : batch) {
        shapes.add(Shape.of(array.getShape().getShape()));
      }
      long now = efficiency.workload().clock().getAsLong();
      context.setAttachment(STARTED, new StartedCall(new InputShapes(shapes), now));
    } catch (RuntimeException e) {
      efficiency.discard("error");
    }
    return batch;
  }

  private void ended(TranslatorContext context) {
    if (context.getAttachment(STARTED) instanceof StartedCall call) {
      long now = efficiency.workload().clock().getAsLong();
      efficiency.recordOrDiscard(call::shapes, now - call.startNanos());
    }
  }

  @Override
  public Batchifier getBatchifier() {
    return wrapped.getBatchifier();
  }

  @Override
  public void prepare(TranslatorContext context) throws Exception {
    wrapped.prepare(context);
  }

  @Override
  public TranslatorOptions getExpansions() {
    return wrapped.getExpansions();
  }
}
