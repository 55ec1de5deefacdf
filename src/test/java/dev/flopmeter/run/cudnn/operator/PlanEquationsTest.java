package dev.flopmeter.run.cudnn.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.run.cudnn.plan.Binary;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.NormalizationWork;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.Unary;
import dev.flopmeter.text.Resource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The equations that plan operators on the GPU. */
class PlanEquationsTest {
  /** Without comments. */
  private static final String PLANS =
      Resource.text(Operators.class, "plans.txt").replaceAll("(?m)^ *#.*$", "");

  @Test
  void everyDefinitionIsWellFormedAndEveryFunctionIsCalled() {
    Map<String, Definition> all = Definition.read(Operators.class, PlanFunctions.DIALECT);
    all.values().forEach(Definition::parameters);
    var unused = new TreeSet<>(all.keySet());
    unused.removeIf(Definition::isOperator);
    unused.removeIf(name -> PLANS.matches("(?s).*[^\\w\\n]" + name + "\\(.*"));
    assertThat(unused).isEmpty();
  }

  /** Names in capitals, except choices of models, which are compared. */
  @Test
  void everyFunctionKindAndLayoutExists() {
    List<String> names =
        Stream.of(
                Unary.values(),
                Binary.values(),
                MemoryLayout.values(),
                PoolingWork.Kind.values(),
                NormalizationWork.Kind.values())
            .flatMap(Stream::of)
            .map(Enum::name)
            .toList();
    assertThat(found("(?<!== )\"([A-Z_]{2,})\"", PLANS)).isNotEmpty().isSubsetOf(names);
  }

  @Test
  void everyKernelExistsAndIsLaunched() throws IOException {
    Set<String> kernels =
        found("\\.entry (\\w+)", Resource.text(Operators.class, "../kernels.ptx"));
    assertThat(found("\\b(?:kernel|rows)\\(\"(\\w+)\"", PLANS)).isNotEmpty().isSubsetOf(kernels);
    StringBuilder launching = new StringBuilder(PLANS);
    try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/flopmeter/run/cudnn"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        launching.append(Files.readString(file));
      }
    }
    assertThat(found("\"(\\w+)\"", launching.toString())).containsAll(kernels);
  }

  private static Set<String> found(String pattern, String text) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map(result -> result.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
