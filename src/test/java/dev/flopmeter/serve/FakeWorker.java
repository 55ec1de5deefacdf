package dev.flopmeter.serve;

import dev.flopmeter.serve.worker.WorkerCommand;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The script that replaces the worker; the model's name selects its behaviour. */
public final class FakeWorker {
  private FakeWorker() {}

  public static final Path SCRIPT = Path.of("src/test/bin/fake-worker").toAbsolutePath();

  public static WorkerCommand command() {
    return command(Map.of());
  }

  public static WorkerCommand command(Map<String, String> environment) {
    return new WorkerCommand(List.of(SCRIPT.toString()), environment);
  }
}
