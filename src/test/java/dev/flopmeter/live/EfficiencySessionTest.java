package dev.flopmeter.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.Result;
import ai.onnxruntime.OrtSession.RunOptions;
import com.google.protobuf.ByteString;
import dev.flopmeter.Flopmeter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real session on ONNX Runtime's CPU provider: a product of 3 features with a 3 x 2 matrix. */
class EfficiencySessionTest {
  private static final long MACS_PER_ROW = 3 * 2;

  private final OrtEnvironment ort = OrtEnvironment.getEnvironment();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicLong clock = new AtomicLong();
  @TempDir Path folder;
  private EfficiencySession session;

  @BeforeEach
  void open() throws OrtException, IOException {
    Path file = model(folder);
    ModelEfficiency efficiency =
        ModelEfficiency.of(Flopmeter.onnx(file), 2)
            .backend("ort")
            .clock(() -> clock.addAndGet(1_000))
            .bindTo(registry);
    session = new EfficiencySession(ort.createSession(file.toString()), efficiency);
  }

  @AfterEach
  void close() throws OrtException {
    session.close();
  }

  /** An input {@code sequence x batch x 3}, so that the batch is not the leading dimension. */
  static Path model(Path folder) throws IOException {
    TensorShapeProto shape =
        TensorShapeProto.newBuilder()
            .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("sequence"))
            .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("batch"))
            .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(3))
            .build();
    TypeProto type =
        TypeProto.newBuilder()
            .setTensorType(TypeProto.Tensor.newBuilder().setElemType(1).setShape(shape))
            .build();
    TensorProto weight =
        TensorProto.newBuilder()
            .setName("weight")
            .setDataType(1)
            .addDims(3)
            .addDims(2)
            .setRawData(ByteString.copyFrom(new byte[3 * 2 * Float.BYTES]))
            .build();
    NodeProto product =
        NodeProto.newBuilder()
            .setOpType("MatMul")
            .addInput("x")
            .addInput("weight")
            .addOutput("y")
            .build();
    TypeProto anyShape =
        TypeProto.newBuilder().setTensorType(TypeProto.Tensor.newBuilder().setElemType(1)).build();
    ModelProto model =
        ModelProto.newBuilder()
            .setIrVersion(8)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
            .setGraph(
                GraphProto.newBuilder()
                    .setName("scores")
                    .addInput(ValueInfoProto.newBuilder().setName("x").setType(type))
                    .addInitializer(weight)
                    .addNode(product)
                    .addOutput(ValueInfoProto.newBuilder().setName("y").setType(anyShape)))
            .build();
    return Files.write(folder.resolve("scores.onnx"), model.toByteArray());
  }

  private OnnxTensor input(long sequence, long batch) throws OrtException {
    float[] values = new float[Math.toIntExact(sequence * batch * 3)];
    return OnnxTensor.createTensor(ort, FloatBuffer.wrap(values), new long[] {sequence, batch, 3});
  }

  private double count(String name) {
    return registry.get(name).functionCounter().count();
  }

  private double discarded(String reason) {
    var counter = registry.find("flopmeter.measurement.discarded").tag("reason", reason).counter();
    return counter == null ? 0 : counter.count();
  }

  @Test
  void countsEachCallByItsShapesAndItsBatchByTheDeclaredDimension() throws OrtException {
    try (OnnxTensor five = input(7, 5);
        OnnxTensor two = input(3, 2);
        Result first = session.run(Map.of("x", five));
        Result second = session.run(Map.of("x", two));
        Result third = session.run(Map.of("x", two))) {
      assertThat(List.of(first, second, third)).allMatch(result -> result.size() == 1);
    }
    assertThat(count("flopmeter.inferences")).isEqualTo(5 + 2 + 2);
    assertThat(count("flopmeter.inference.flop"))
        .isEqualTo(2.0 * MACS_PER_ROW * (7 * 5 + 3 * 2 + 3 * 2));
    assertThat(count("flopmeter.model.busy.seconds")).isEqualTo(3 * 1e-6);
    assertThat(registry.get("flopmeter.inferences").tags("backend", "ort", "batch", "dynamic"))
        .isNotNull();
  }

  @Test
  void everyOverloadRunsAsTheSessionsOwnAndIsRecorded() throws OrtException {
    try (OnnxTensor x = input(1, 4);
        OnnxTensor pinned =
            OnnxTensor.createTensor(ort, FloatBuffer.allocate(8), new long[] {1, 4, 2});
        RunOptions options = new RunOptions()) {
      Map<String, OnnxTensor> inputs = Map.of("x", x);
      Map<String, OnnxTensor> outputs = Map.of("y", pinned);
      session.run(inputs).close();
      session.run(inputs, options).close();
      session.run(inputs, Set.of("y")).close();
      session.run(inputs, Set.of("y"), options).close();
      session.run(inputs, outputs).close();
      session.run(inputs, Set.of(), outputs).close();
      try (Result result = session.run(inputs, Set.of(), outputs, options)) {
        assertThat(result.isResultOwner(0)).isFalse();
      }
      assertThat(pinned.isClosed()).isFalse();
    }
    assertThat(count("flopmeter.inferences")).isEqualTo(7 * 4);
  }

  @Test
  void aCallThatFailsIsThrownAndNotRecorded() throws OrtException {
    try (OnnxTensor wrong =
        OnnxTensor.createTensor(ort, FloatBuffer.allocate(4), new long[] {1, 1, 4})) {
      assertThatThrownBy(() -> session.run(Map.of("x", wrong))).isInstanceOf(OrtException.class);
    }
    assertThat(count("flopmeter.inferences")).isZero();
    assertThat(discarded("shape")).isZero();
  }

  @Test
  void anotherModelsEfficiencyIsDiscardedAndTheCallAnswered() throws OrtException {
    ModelEfficiency other =
        ModelEfficiency.of(Flopmeter.builtIn("squeezenet1_1"), 2).bindTo(registry);
    OrtSession own = session.session();
    try (OnnxTensor x = input(1, 4);
        Result result = new EfficiencySession(own, other).run(Map.of("x", x))) {
      assertThat(result.size()).isEqualTo(1);
    }
    assertThat(discarded("shape")).isEqualTo(1);
  }

  @Test
  void theExampleOfTheDocumentationCompilesAndRuns() throws Exception {
    Matcher example =
        Pattern.compile("```java\\n(import.*?public final class (\\w+).*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs/java-services.md")));
    assertThat(example.find()).isTrue();
    Path source = folder.resolve(example.group(2) + ".java");
    Files.writeString(source, example.group(1));
    ByteArrayOutputStream complaints = new ByteArrayOutputStream();
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                complaints,
                "-proc:none",
                "-classpath",
                System.getProperty("java.class.path"),
                source.toString());
    assertThat(failed).as(complaints.toString(StandardCharsets.UTF_8)).isZero();
    try (URLClassLoader classes = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
      Object scraped =
          classes
              .loadClass(example.group(2))
              .getMethod("score", Path.class)
              .invoke(null, folder.resolve("scores.onnx"));
      assertThat(scraped.toString())
          .containsPattern("flopmeter_inferences_total\\{.*backend=\"ort\".*} 8.0");
    }
  }
}
