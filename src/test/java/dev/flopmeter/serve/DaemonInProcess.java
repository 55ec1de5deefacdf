package dev.flopmeter.serve;

import dev.flopmeter.measure.Progress;
import dev.flopmeter.serve.Daemon.ConfigSource;
import dev.flopmeter.serve.Daemon.RunListener;
import dev.flopmeter.serve.config.ConfigException;
import dev.flopmeter.serve.config.ConfigReader;
import dev.flopmeter.serve.time.Clocks;
import dev.flopmeter.serve.worker.RunReport;
import dev.flopmeter.serve.worker.Target;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/** A daemon within the test's own process, for tests that talk to it over HTTP. */
public final class DaemonInProcess {
  private DaemonInProcess() {}

  /** Starts it with a configuration file and a command to use as the worker. */
  public static Daemon start(Path config, WorkerCommand worker)
      throws ConfigException, IOException {
    ConfigReader reader = new ConfigReader(Map.of(), Set.of(), Optional.empty(), Optional.empty());
    return start(() -> reader.read(config), worker);
  }

  static Daemon start(ConfigSource source, WorkerCommand worker)
      throws ConfigException, IOException {
    return Daemon.start(
        new Daemon.Options(
            source, worker, Clocks.system(), new Random(1), "1.0", new SilentListener()));
  }

  private static final class SilentListener implements RunListener {
    @Override
    public Progress began(Target target) {
      return Progress.SILENT;
    }

    @Override
    public void ended(Target target, RunReport report) {}
  }
}
