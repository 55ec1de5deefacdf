package dev.flopmeter.cli;

import dev.flopmeter.cli.output.Output;
import dev.flopmeter.report.json.ConformanceJson;
import dev.flopmeter.report.text.ConformanceTable;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.conformance.CaseResult;
import dev.flopmeter.run.conformance.Conformance;
import dev.flopmeter.run.conformance.ConformanceCase;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code flopmeter conformance}: runs ONNX's backend test cases. */
final class ConformanceCommand extends Command {
  /** Exit code: a case had a wrong result. */
  private static final int FAILED = 1;

  private final Argument<String> directory = parameter(0, new Reading.Text());
  private final BackendArguments device = with(BackendArguments.choice());
  private final OutputArguments output = with(new OutputArguments(Format.TABLE, Format.JSON));

  @Override
  int run(Console console) {
    Path folder = ModelArguments.path(directory.get());
    Conformance conformance = run(ConformanceCase.in(folder));
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
