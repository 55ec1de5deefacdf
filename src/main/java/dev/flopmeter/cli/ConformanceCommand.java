package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.report.json.ConformanceJson;
import dev.flopmeter.report.text.ConformanceTable;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.Conformance;
import dev.flopmeter.run.conformance.ConformanceCase;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code flopmeter conformance}: runs ONNX's backend test cases. */
final class ConformanceCommand extends Command {
  /** Exit code: a case gave a wrong result. */
  private static final int FAILED = 1;

  private final Argument<String> directory =
      parameter(0, "DIR", Reading.TEXT, "a case, or a directory of cases");
  private final BackendArguments device = with(BackendArguments.choice());
  private final OutputArguments output = with(new OutputArguments(Format.TABLE, Format.JSON));

  @Override
  int run(Console console) {
    List<ConformanceCase> cases = cases();
    Conformance conformance = run(cases);
    try (Output out = output.open(console)) {
      out.text(
          output.format() == Format.JSON
              ? ConformanceJson.write(conformance)
              : ConformanceTable.render(conformance, out.style(false)));
    }
    if (conformance.total().invalid() > 0) {
      return Main.BAD_INPUT;
    }
    return conformance.total().failed() > 0 ? FAILED : 0;
  }

  private List<ConformanceCase> cases() {
    try {
      return ConformanceCase.in(Path.of(directory.get()));
    } catch (InvalidPathException e) {
      throw new ModelException("'" + directory.get() + "' is not a path: " + e.getReason(), e);
    }
  }

  private Conformance run(List<ConformanceCase> cases) {
    RunOptions options = device.options(Precision.FP32);
    List<CaseResult> results = new ArrayList<>();
    try (Backend opened = device.open()) {
      for (ConformanceCase each : cases) {
        results.add(each.run(opened, options));
      }
      return new Conformance(opened.name(), results);
    }
  }
}
