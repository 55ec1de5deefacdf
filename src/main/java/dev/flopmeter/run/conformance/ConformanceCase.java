package dev.flopmeter.run.conformance;

import dev.flopmeter.model.DataType;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.model.UnknownOperatorException;
import dev.flopmeter.model.onnx.OnnxModel;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Plan;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One of ONNX's backend test cases: a folder with {@code model.onnx} and data sets {@code
 * test_data_set_N} of {@code input_i.pb} and {@code output_i.pb}.
 *
 * @param name its path below the directory of all cases
 */
public record ConformanceCase(Path folder, String name) {
  private static final String MODEL = "model.onnx";
  private static final String DATA = "test_data_set_";

  /** How many levels below the given directory cases are searched. */
  private static final int DEPTH = 4;

  public ConformanceCase(Path folder) {
    this(folder, String.valueOf(folder.toAbsolutePath().normalize().getFileName()));
  }

  /**
   * The cases in {@code directory}: itself, or the folders below it that hold a model.
   *
   * @throws ModelException if there are none
   */
  public static List<ConformanceCase> in(Path directory) {
    if (Files.exists(directory.resolve(MODEL))) {
      return List.of(new ConformanceCase(directory));
    }
    if (!Files.isDirectory(directory)) {
      throw new ModelException(directory + ": is not a directory of conformance cases");
    }
    try (Stream<Path> files =
        Files.find(directory, DEPTH + 1, (file, any) -> file.endsWith(MODEL))) {
      List<ConformanceCase> cases =
          files
              .map(model -> String.valueOf(directory.relativize(model.resolveSibling(""))))
              .sorted()
              .map(name -> new ConformanceCase(directory.resolve(name), name))
              .toList();
      if (cases.isEmpty()) {
        throw new ModelException(
            "%s: no conformance cases found; expected a folder with %s and %s0, or a directory"
                    .formatted(directory, MODEL, DATA)
                + " of such folders");
      }
      return cases;
    } catch (IOException | UncheckedIOException e) {
      throw new ModelException(directory + ": cannot be searched: " + e.getMessage(), e);
    }
  }

  /** Runs the case on {@code backend}, with all its data sets and the tolerance of its outputs. */
  public CaseResult run(Backend backend, RunOptions options) {
    return run(backend, options, null);
  }

  /** Runs the case on {@code backend}, with all its data sets. */
  public CaseResult run(Backend backend, RunOptions options, @Nullable Tolerance given) {
    String operator = "graph";
    try {
      OnnxModel model = model();
      operator = operator(model);
      Optional<String> other = CaseData.withoutTensor(model);
      if (other.isPresent()) {
        throw new UnsupportedOperatorException(backend.name(), operator, other.get());
      }
      Function<DataType, Tolerance> tolerance =
          type -> given == null ? Tolerance.of(model.operators(), type) : given;
      RunOptions asFile = options.withSource(folder.resolve(MODEL));
      for (Path data : dataSets()) {
        Optional<String> difference = difference(model, data, backend, asFile, tolerance);
        if (difference.isPresent()) {
          return new CaseResult(
              name, operator, CaseOutcome.FAILED, data.getFileName() + ": " + difference.get());
        }
      }
      return new CaseResult(name, operator, CaseOutcome.PASSED, "");
    } catch (RuntimeException e) {
      return new CaseResult(name, operator, outcome(e), String.valueOf(e.getMessage()));
    }
  }

  private static CaseOutcome outcome(RuntimeException e) {
    if (e instanceof UnsupportedOperatorException || e instanceof UnknownOperatorException) {
      return CaseOutcome.UNSUPPORTED;
    }
    return e instanceof InvalidCaseException ? CaseOutcome.INVALID : CaseOutcome.FAILED;
  }

  private OnnxModel model() {
    try {
      return OnnxModel.read(folder.resolve(MODEL));
    } catch (ModelException e) {
      throw new InvalidCaseException(e);
    }
  }

  /** The operator that the case is about; for an expanded one, that of its unexpanded sibling. */
  private String operator(OnnxModel model) {
    List<String> operators = model.operators();
    String own = String.valueOf(folder.getFileName());
    int suffix = own.indexOf("_expanded");
    Path sibling =
        suffix < 0 ? folder : folder.resolveSibling(own.substring(0, suffix)).resolve(MODEL);
    if (suffix >= 0 && Files.exists(sibling)) {
      operators = OnnxModel.read(sibling).operators();
    }
    List<String> distinct =
        operators.stream().filter(op -> !op.equals("Constant")).distinct().toList();
    if (distinct.isEmpty()) {
      return operators.isEmpty() ? "graph" : operators.get(0);
    }
    return distinct.size() == 1 ? distinct.get(0) : "graph";
  }

  private List<Path> dataSets() {
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> sets =
          entries
              .filter(entry -> String.valueOf(entry.getFileName()).startsWith(DATA))
              .sorted()
              .toList();
      if (sets.isEmpty()) {
        throw new InvalidCaseException(folder + ": there is no " + DATA + "0");
      }
      return sets;
    } catch (IOException e) {
      throw new InvalidCaseException(new ModelException(folder + ": cannot be listed", e));
    }
  }

  private static Optional<String> difference(
      OnnxModel model,
      Path folder,
      Backend backend,
      RunOptions options,
      Function<DataType, Tolerance> tolerance) {
    CaseData data = CaseData.read(model, folder);
    try (Plan plan = prepare(model, data, backend, options)) {
      Map<String, Tensor> actual = plan.run(data.inputs());
      for (Map.Entry<String, Tensor> output : data.expected().entrySet()) {
        Tensor expected = output.getValue();
        Tensor found = actual.get(output.getKey());
        Optional<String> difference =
            found == null
                ? Optional.of("is missing")
                : tolerance.apply(expected.type().type()).difference(expected, found);
        if (difference.isPresent()) {
          return Optional.of("output '" + output.getKey() + "' " + difference.get());
        }
      }
    }
    return Optional.empty();
  }

  /** A backend that must know an argument beforehand rejects the open graph. */
  private static Plan prepare(OnnxModel model, CaseData data, Backend backend, RunOptions options) {
    try {
      return backend.prepare(data.bind(model), options);
    } catch (UnsupportedOperatorException e) {
      return backend.prepare(data.bindWhole(model), options);
    }
  }
}
