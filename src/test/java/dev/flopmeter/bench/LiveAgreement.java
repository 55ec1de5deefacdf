package dev.flopmeter.bench;

import ai.djl.Model;
import ai.djl.basicmodelzoo.cv.classification.VGG;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.translate.Batchifier;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import dev.flopmeter.Flopmeter;
import dev.flopmeter.count.Counts;
import dev.flopmeter.device.Datasheet;
import dev.flopmeter.live.EfficiencyTranslator;
import dev.flopmeter.live.ModelEfficiency;
import dev.flopmeter.measure.DeviceRoofs;
import dev.flopmeter.measure.ProfileRequest;
import dev.flopmeter.measure.Profiler;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.SamplingRules;
import dev.flopmeter.measure.SensorWatch;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.djl.DjlGraphs;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Environment;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Layout;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.djl.DjlBackend;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The rate that live metrics show for DJL's VGG-11, served by a predictor, compared with the rate
 * that a profile of the same block measures, alternating. Both divide by the same peak, so their
 * MFUs differ like their rates. DJL runs a block operator by operator, so the comparable profile is
 * that of {@code --no-fuse}; the fused one shows what the service could gain.
 *
 * <p>Arguments: turns (3), seconds for each (10).
 */
final class LiveAgreement {
  private static final int SIDE = 224;

  private final Block block = VGG.builder().setNumLayers(11).setOutSize(1000).build();
  private final Graph graph = DjlGraphs.trace(block, new Shape(1, 3, SIDE, SIDE));
  private final Counts counts = Flopmeter.count(block, new Shape(1, 3, SIDE, SIDE));
  private final Duration turn;

  private LiveAgreement(Duration turn) {
    this.turn = turn;
  }

  /** An image in, the index of the largest score out; reading it waits for the result. */
  private static final class Pictures implements Translator<float[], Long> {
    @Override
    public NDList processInput(TranslatorContext context, float[] picture) {
      return new NDList(context.getNDManager().create(picture, new Shape(3, SIDE, SIDE)));
    }

    @Override
    public Long processOutput(TranslatorContext context, NDList scores) {
      return scores.singletonOrThrow().argMax().getLong();
    }

    @Override
    public Batchifier getBatchifier() {
      return Batchifier.STACK;
    }
  }

  public static void main(String[] args) throws TranslateException {
    int turns = args.length > 0 ? Integer.parseInt(args[0]) : 3;
    int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 10;
    LiveAgreement agreement = new LiveAgreement(Duration.ofSeconds(seconds));
    try (Backend backend = DjlBackend.open();
        Model model = Model.newInstance("vgg11", "PyTorch")) {
      agreement.block.initialize(
          model.getNDManager(), DataType.FLOAT32, new Shape(1, 3, SIDE, SIDE));
      model.setBlock(agreement.block);
      for (int i = 0; i < turns; i++) {
        agreement.compare(backend, model);
      }
    }
  }

  private void compare(Backend backend, Model model) throws TranslateException {
    RunOptions plain = RunOptions.DEFAULT.withFuse(false).withLayout(Layout.NCHW);
    double before = profiled("profile --no-fuse", profile(backend, plain));
    double live = live(model);
    double after = profiled("profile --no-fuse", profile(backend, plain));
    System.out.printf(
        "live %.4g GFLOP/s: %+.1f %% of the profiles around it%n",
        1e-9 * live, 100 * (live / ((before + after) / 2) - 1));
    profiled("profile, fused", profile(backend, RunOptions.DEFAULT));
  }

  private static double profiled(String what, ProfileResult result) {
    double rate = result.throughput().achievedFlopsPerSecond();
    System.out.printf("%s %.4g GFLOP/s (valid %s)%n", what, 1e-9 * rate, result.valid());
    return rate;
  }

  private ProfileResult profile(Backend backend, RunOptions options) {
    Profiler.Setting setting =
        new Profiler.Setting(
            new Environment("bench", System.getProperty("java.version"), "", Map.of()),
            new DeviceRoofs(backend.device(), Datasheet.load(), null),
            null,
            () -> SensorWatch.NONE,
            System::nanoTime,
            Clock.systemUTC(),
            1);
    return new Profiler(backend, setting)
        .profile(
            new ProfileRequest(
                graph, counts, 1, options, SamplingRules.DEFAULT.withLimit(turn), false, List.of()),
            Progress.SILENT);
  }

  /** FLOP/s as the meters show it after a turn, without the first few calls. */
  private double live(Model model) throws TranslateException {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    ModelEfficiency efficiency = ModelEfficiency.of(counts).window(turn).bindTo(registry);
    float[] picture = new float[3 * SIDE * SIDE];
    Random random = new Random(1);
    for (int i = 0; i < picture.length; i++) {
      picture[i] = random.nextFloat();
    }
    try (Predictor<float[], Long> warm = model.newPredictor(new Pictures());
        Predictor<float[], Long> predictor =
            model.newPredictor(new EfficiencyTranslator<>(new Pictures(), efficiency))) {
      for (int i = 0; i < 10; i++) {
        warm.predict(picture);
      }
      long end = System.nanoTime() + turn.toNanos();
      while (System.nanoTime() < end) {
        predictor.predict(picture);
      }
    }
    return registry.get("flopmeter.inference.flop").functionCounter().count()
        / registry.get("flopmeter.model.busy.seconds").functionCounter().count();
  }
}
