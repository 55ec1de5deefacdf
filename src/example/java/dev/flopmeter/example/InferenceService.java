package dev.flopmeter.example;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.djl.translate.Batchifier;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.flopmeter.Flopmeter;
import dev.flopmeter.live.DevicePeak;
import dev.flopmeter.live.EfficiencyTranslator;
import dev.flopmeter.live.ModelEfficiency;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A small HTTP service that classifies pictures of 3 x 64 x 64 numbers with a DJL model on the CPU,
 * and shows Prometheus how much of the CPU the model uses:
 *
 * <pre>
 * POST /classify   49152 bytes, float32, channels first    ->  the class
 * GET  /metrics
 * </pre>
 *
 * <p>Arguments: the port, and the CPU's peak in FLOP/s as {@code flopmeter roof} measures it.
 */
public final class InferenceService implements AutoCloseable {
  private static final Shape PICTURE = new Shape(3, 64, 64);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Model model = Model.newInstance("pictures", "PyTorch");
  private final Predictor<float[], Integer> predictor;
  private final HttpServer server;

  /** A service on a port; 0 takes a free one. */
  public InferenceService(int port, double peakFlopsPerSecond) throws IOException {
    Block block = network();
    block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1).addAll(PICTURE));
    model.setBlock(block);

    // These lines are all that the metrics need.
    ModelEfficiency efficiency =
        ModelEfficiency.of(Flopmeter.count(block, new Shape(1).addAll(PICTURE)))
            .workload("pictures")
            .device("cpu")
            .peak(new DevicePeak("measured", peakFlopsPerSecond, null))
            .bindTo(registry);
    predictor = model.newPredictor(new EfficiencyTranslator<>(new Pictures(), efficiency));

    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/classify", this::classify);
    server.createContext("/metrics", exchange -> answer(exchange, 200, registry.scrape()));
    server.start();
  }

  private static Block network() {
    SequentialBlock block = new SequentialBlock();
    for (int filters = 32; filters <= 128; filters *= 2) {
      block
          .add(
              Conv2d.builder()
                  .setFilters(filters)
                  .setKernelShape(new Shape(3, 3))
                  .optPadding(new Shape(1, 1))
                  .build())
          .add(Activation::relu)
          .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)));
    }
    return block.add(Blocks.batchFlattenBlock()).add(Linear.builder().setUnits(10).build());
  }

  /** Numbers in, the place of the greatest score out; reading it waits for the device. */
  private static final class Pictures implements Translator<float[], Integer> {
    @Override
    public NDList processInput(TranslatorContext context, float[] picture) {
      return new NDList(context.getNDManager().create(picture, PICTURE));
    }

    @Override
    public Integer processOutput(TranslatorContext context, NDList scores) {
      return (int) scores.singletonOrThrow().argMax().getLong();
    }

    @Override
    public Batchifier getBatchifier() {
      return Batchifier.STACK;
    }
  }

  private void classify(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    if (body.length != PICTURE.size() * Float.BYTES) {
      answer(exchange, 400, "a picture takes " + PICTURE.size() * Float.BYTES + " bytes\n");
      return;
    }
    float[] picture = new float[(int) PICTURE.size()];
    ByteBuffer.wrap(body)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(picture);
    try {
      int found;
      synchronized (predictor) {
        found = predictor.predict(picture);
      }
      answer(exchange, 200, found + "\n");
    } catch (TranslateException e) {
      answer(exchange, 500, e.getMessage() + "\n");
    }
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  /** The port that the service listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    predictor.close();
    model.close();
  }

  /** Runs until it is ended. */
  public static void main(String[] args) throws IOException {
    int port = args.length > 0 ? Integer.parseInt(args[0]) : 8080;
    double peak = args.length > 1 ? Double.parseDouble(args[1]) : 100e9;
    InferenceService service = new InferenceService(port, peak);
    System.out.println("listening on 127.0.0.1:" + service.port());
  }
}
