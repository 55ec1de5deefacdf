package dev.flopmeter.count;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.flopmeter.SharedData;
import dev.flopmeter.count.convention.Conventions;
import dev.flopmeter.model.Bindings;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Dim;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Model;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.ValueInfo;
import dev.flopmeter.model.onnx.OnnxModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * For any bytes, reading, inferring and counting them ends with a result or a {@link
 * ModelException}. {@code mvn verify -Pfuzz -Dtest=ModelFuzzTest} lets Jazzer search for a minute,
 * starting from ONNX's own small models; the plain test changes those at random for some seconds.
 */
class ModelFuzzTest {
  private static final List<Convention> CONVENTIONS = Conventions.all();
  private static final int LARGEST_SEED = 4096;
  private static final long NANOS = 3_000_000_000L;

  static Stream<Arguments> seeds() {
    return small().stream().map(seed -> Arguments.of((Object) seed));
  }

  private static List<byte[]> small() {
    List<byte[]> seeds = new ArrayList<>();
    for (Path model : SharedData.models("onnx-node-tests")) {
      try {
        if (Files.size(model) <= LARGEST_SEED) {
          seeds.add(Files.readAllBytes(model));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return seeds;
  }

  @Tag("fuzz")
  @MethodSource("seeds")
  @FuzzTest(maxDuration = "60s")
  void endsWhateverTheBytes(byte[] bytes) {
    count(bytes);
  }

  /**
   * Bytes are changed, cut, duplicated and swapped between models; the seed makes it repeatable.
   */
  @Test
  void endsOnChangedModels() {
    List<byte[]> seeds = small();
    Random random = new Random(20261125);
    long end = System.nanoTime() + NANOS;
    for (int i = 0; !seeds.isEmpty() && System.nanoTime() < end; i++) {
      byte[] one = seeds.get(random.nextInt(seeds.size()));
      byte[] changed = changed(one, seeds.get(random.nextInt(seeds.size())), random);
      try {
        count(changed);
      } catch (RuntimeException e) {
        throw new AssertionError("input " + i + ": " + Arrays.toString(changed), e);
      }
    }
  }

  private static byte[] changed(byte[] one, byte[] other, Random random) {
    byte[] bytes = one.clone();
    for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
      int at = random.nextInt(bytes.length);
      int length = Math.min(1 + random.nextInt(16), bytes.length - at);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] = (byte) (bytes[at] + random.nextInt(3) - 1);
        case 2 ->
            System.arraycopy(bytes, random.nextInt(bytes.length - length + 1), bytes, at, length);
        default -> {
          int from = random.nextInt(other.length);
          System.arraycopy(other, from, bytes, at, Math.min(length, other.length - from));
        }
      }
    }
    return random.nextInt(8) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length) + 1) : bytes;
  }

  private static void count(byte[] bytes) {
    try {
      Model model = OnnxModel.parse("fuzzed", ByteBuffer.wrap(bytes));
      Graph graph = model.bind(bindings(model));
      for (Convention convention : CONVENTIONS) {
        new Counter(CostRules.standard(), convention).count(model, graph);
      }
    } catch (ModelException expected) {
      // the only way to reject a file
    }
  }

  /** Open dimensions get a size, so that more than the parser is tested. */
  private static Bindings bindings(Model model) {
    Bindings bindings = Bindings.NONE;
    for (ValueInfo input : model.inputs()) {
      List<Dim> dims = input.dims();
      if (input.type() != null && input.type() != DataType.STRING && dims != null) {
        long[] sizes = dims.stream().mapToLong(dim -> dim.isFree() ? 3 : dim.size()).toArray();
        bindings = bindings.withShape(input.name(), Shape.of(sizes));
      }
    }
    return bindings;
  }
}
