package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.json.ConformanceJson;
import dev.flopmeter.report.text.ConformanceTable;
import dev.flopmeter.report.text.Terminal;
import dev.flopmeter.report.text.TerminalStyle;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.Conformance;
import dev.flopmeter.run.conformance.ConformanceCase;
import java.nio.charset.Charset;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code flopmeter conformance}: runs ONNX's backend test cases. */
@Command(
    name = "conformance",
    description = {
      "Runs ONNX's backend test cases: folders with model.onnx and test_data_set_*.",
      "A case is judged to |difference| <= 1e-7 + 1e-3 |expected|, a network (three layers or more)"
          + " to 1e-4 of its largest output instead of 1e-7.",
      "Exit code 1 if a case fails, 2 if the files of one are missing or do not fit its model;"
          + " what a backend does not support is counted apart."
    },
    mixinStandardHelpOptions = true)
final class ConformanceCommand implements Callable<Integer> {
  /** Exit code: a case gave a wrong result. */
  private static final int FAILED = 1;

  @Parameters(index = "0", paramLabel = "DIR", description = "a case, or a directory of cases")
  private String directory = "";

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto, cudnn or djl; default: ${DEFAULT-VALUE}")
  private String backend = "auto";

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = "auto",
      description = "auto, cpu or cuda:N; default: ${DEFAULT-VALUE}")
  private String device = "auto";

  @Option(names = "--no-fuse", description = "run every operator as a step of its own")
  private boolean isUnfused;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table or json; default: ${DEFAULT-VALUE}")
  private String format = "table";

  @Mixin private OutputOption destination = new OutputOption();

  @Override
  public Integer call() {
    if (!List.of("table", "json").contains(format)) {
      throw new ModelException("--format must be table or json, not '" + format + "'");
    }
    List<ConformanceCase> cases = cases();
    Conformance conformance = run(cases);
    try (Output output = destination.open()) {
      output.text(
          format.equals("json")
              ? ConformanceJson.write(conformance)
              : ConformanceTable.render(conformance, style(output)));
    }
    if (conformance.total().invalid() > 0) {
      return Main.BAD_INPUT;
    }
    return conformance.total().failed() > 0 ? FAILED : 0;
  }

  private List<ConformanceCase> cases() {
    try {
      return ConformanceCase.in(Path.of(directory));
    } catch (InvalidPathException e) {
      throw new ModelException("'" + directory + "' is not a path: " + e.getMessage(), e);
    }
  }

  private Conformance run(List<ConformanceCase> cases) {
    RunOptions options = RunOptions.DEFAULT.withFuse(!isUnfused);
    List<CaseResult> results = new ArrayList<>();
    try (Backend opened = Backends.open(backend, device)) {
      for (ConformanceCase each : cases) {
        results.add(each.run(opened, options));
      }
      return new Conformance(opened.name(), results);
    }
  }

  private static TerminalStyle style(Output output) {
    return output.isFile()
        ? TerminalStyle.PLAIN
        : TerminalStyle.of(System.getenv(), Terminal.OUTPUT, Charset.defaultCharset(), false);
  }
}
