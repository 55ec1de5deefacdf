package dev.flopmeter.run.djl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.TensorType;
import dev.flopmeter.model.bind.GraphBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Text of a model never becomes TorchScript: hostile text in any attribute of any operator with a
 * kernel is rejected, ignored or replaced.
 */
class ModelTextTest {
  private static final String MARK = "HOSTILE";

  private static final Path EQUATIONS =
      Path.of("src/main/resources/dev/flopmeter/run/djl/kernel/kernels.txt");

  private static final List<String> TEXTS =
      List.of(
          MARK, "none\"), x0 + " + MARK + " * torch.add(x0, \"", "tanh\\\"\nreturn x7 + " + MARK);

  private static final List<String> ATTRIBUTES = textAttributes();

  /** Attributes that operators require; the others ignore them. */
  private static final Attributes REQUIRED =
      Attributes.of(
          "kernel_shape", new long[] {1, 1},
          "blocksize", 2,
          "num_heads", 2,
          "q_num_heads", 2,
          "kv_num_heads", 2,
          "num_groups", 2,
          "hidden_size", 2,
          "axis", 0,
          "size", 1,
          "K", 4,
          "N", 4,
          "block_size", 16,
          "to", 1,
          "equation", "ij,jk->ik");

  /** Inputs that operators accept: element type, shape and, for a constant, values. */
  private static final List<String> INPUTS =
      List.of(
          "f2,4,4,4",
          "f2,4,4,4 f2,4,4,4",
          "f4,4 f4,4",
          "f4,4 f4,4 f4,4",
          "b4,4",
          "b4,4 b4,4",
          "f16,4 f1,4",
          "u4,4 u4,4",
          "b4 f4 f4",
          "f1,2,4,4 f1,2,4,4 f1,2,4,4",
          "f1,2,4 f1,2,4 f1,2,4",
          "f1,2,3 i4=1,1,4,4",
          "f2,4,4 f4 f4 f4 f4",
          "f2,4,4 f4 f4",
          "i=4",
          "i2=2,2",
          "f=0 f=4 f=1",
          "f1,4,4 f4,1,2",
          "f4,4 i2=4,4",
          "f4,4 i=0",
          "f4,4 i1=1",
          "f4,4 i1,1",
          "f4,4 i4,4",
          "f4,4 i4,4 f4,4",
          "f4,4 i1,1 f1,4",
          "f4 i1=0 i1=1",
          "f4 i2=1,1",
          "i4 i=3 f2",
          "f1,4,9 i2=4,4 i2=2,2",
          "f1,4,4,4 f4,4,1,1",
          "u1,4,4,4 u4,4,1,1",
          "f1,4,4,4 f4,4,1,1 f1,2,4,4",
          "f4,4 f",
          "u4,4 f",
          "f3,1,4 f1,8,4 f1,8,2",
          "f3,1,4 f1,6,4 f1,6,2",
          "f3,1,4 f1,2,4 f1,2,2",
          "f1,1,4,4 f1,4,4,2",
          "i=2 i=8 i=100 f=0 f=50",
          "f3,4 i3",
          "u1,4,4,4 f u u4,4,1,1 f u f u",
          "u4,4 f u u4,4 f u f u",
          "f1,1,4,4 - f4=1,1,2,2",
          "f1,1,4,4 f4=1,1,2,2",
          "f1,4,4,4 f2,4 i2",
          "f1,16,1 i=4 f8",
          "f1,1,4 u1,4,8 u1,2,8 - - - - - f u f u",
          "f1,4,4,4 f1,4,2,4",
          "f1,2,4 f4,12 f12",
          "f1,4,4 f1,1,4 i=2 f=0 f=0",
          "i1,2 i1,2 f4,4 f4,4 f4,4 f4 f4",
          "f1,2,4 i1,2 f4,1 f4,1",
          "f1,2,4 f4,1 f4,1 i1,2",
          "f2,4 f2,4 f2,4 - i1,2 i2",
          "f2,4 u4,1,8=" + "0,".repeat(31) + "0 f4=1,1,1,1");

  static Stream<String> operators() {
    return KernelEquations.ALL.keySet().stream().filter(KernelEquations::has).sorted();
  }

  @ParameterizedTest
  @MethodSource("operators")
  void noTextOfAModelReachesAKernel(String op) {
    Attributes required = op.equals("BitShift") ? REQUIRED.with("direction", "RIGHT") : REQUIRED;
    List<Case> cases =
        Stream.of(24, 9)
            .flatMap(
                opset ->
                    INPUTS.stream()
                        .map(inputs -> new Case(op, opset, inputs))
                        .filter(each -> each.kernel(required).isPresent())
                        .limit(2))
            .toList();
    assertThat(cases).as("inputs that " + op + " takes").isNotEmpty();
    for (Case each : cases) {
      for (String attribute : ATTRIBUTES) {
        for (String text : TEXTS) {
          for (Object value : List.of(text, List.of(text, text, text))) {
            each.kernel(required.with(attribute, value))
                .ifPresent(kernel -> assertThat(kernel.toString()).doesNotContain(MARK));
          }
        }
      }
    }
  }

  @Test
  void anUnknownApproximationOfGeluIsRefused() {
    for (String text : TEXTS) {
      GraphBuilder graph = new GraphBuilder("g", 22);
      graph.input("x", TensorType.of(DataType.FLOAT, 4));
      Node gelu =
          new Node(
              "n",
              "",
              "Gelu",
              22,
              List.of("x"),
              List.of("y"),
              Attributes.of("approximate", text),
              Map.of());
      assertThatThrownBy(() -> graph.add(gelu))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("'approximate' is")
          .hasMessageContaining("not none|tanh");
    }
  }

  /** One operator on inputs that it accepts. */
  private record Case(String op, int opset, String inputs) {

    /** Its kernel, or nothing if the attributes are rejected. */
    Optional<Kernel> kernel(Attributes attributes) {
      GraphBuilder graph = new GraphBuilder("g", opset);
      List<String> names = new ArrayList<>();
      for (String each : inputs.split(" ")) {
        names.add(each.equals("-") ? "" : declare(graph, "in" + names.size(), each));
      }
      String[] name = op.contains(":") ? op.split(":") : new String[] {"", op};
      Node node =
          new Node("n", name[0], name[1], opset, names, List.of("out"), attributes, Map.of());
      try {
        graph.add(node);
        return Optional.of(Kernels.of(graph.operands(node)));
      } catch (ModelException | IllegalStateException | IndexOutOfBoundsException e) {
        return Optional.empty();
      }
    }

    private static String declare(GraphBuilder graph, String name, String text) {
      DataType type =
          switch (text.charAt(0)) {
            case 'f' -> DataType.FLOAT;
            case 'i' -> DataType.INT64;
            case 'u' -> DataType.UINT8;
            default -> DataType.BOOL;
          };
      String[] parts = text.substring(1).split("=");
      TensorType tensor = new TensorType(type, Shape.of(longs(parts[0])));
      return parts.length == 1
          ? graph.input(name, tensor)
          : graph.constant(name, DenseTensor.ofLongs(tensor, longs(parts[1])));
    }

    private static long[] longs(String text) {
      return text.isEmpty()
          ? new long[0]
          : Arrays.stream(text.split(",")).mapToLong(Long::parseLong).toArray();
    }
  }

  /** All names under which code or equations read a text attribute, and one unknown name. */
  private static List<String> textAttributes() {
    Pattern read = Pattern.compile("\\btexts?\\(\\s*\"(\\w+)\"");
    try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/flopmeter"))) {
      List<String> names =
          files
              .filter(file -> file.toString().endsWith(".java"))
              .flatMap(file -> read.matcher(content(file)).results().map(found -> found.group(1)))
              .distinct()
              .collect(Collectors.toCollection(ArrayList::new));
      Matcher declared = Pattern.compile("[<,] *(\\w+)(?: =|:)").matcher(content(EQUATIONS));
      declared.results().map(found -> found.group(1)).forEach(names::add);
      assertThat(names).contains("approximate", "mode", "activations", "reduction");
      names.add("of_no_operator");
      return names;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String content(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
