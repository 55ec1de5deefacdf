package dev.flopmeter.serve;

import dev.flopmeter.serve.config.ServeConfig;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.history.History;
import dev.flopmeter.serve.http.HttpService;
import dev.flopmeter.serve.worker.DeviceProbe;
import dev.flopmeter.serve.worker.DeviceState;
import dev.flopmeter.serve.worker.Target;
import dev.flopmeter.serve.worker.WorkerCommand;
import java.io.IOException;
import java.net.BindException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The problems of a daemon with a valid configuration on this host, found without starting one:
 * nothing is served, measured or written.
 */
public final class StartCheck {
  private static final Duration COUNT_TIMEOUT = Duration.ofMinutes(2);

  private final ServeConfig config;
  private final WorkerCommand worker;
  private final List<String> errors = new ArrayList<>();
  private final Set<String> warnings = new LinkedHashSet<>();

  private StartCheck(ServeConfig config, WorkerCommand worker) {
    this.config = config;
    this.worker = worker;
  }

  public static StartCheck of(ServeConfig config, WorkerCommand worker)
      throws InterruptedException {
    StartCheck check = new StartCheck(config, worker);
    check.warnings.addAll(config.warnings());
    check.addressAndFolder();
    check.devices();
    for (Workload workload : config.workloads()) {
      if (!workload.imported()) {
        check.model(workload);
      }
    }
    return check;
  }

  /** The errors that would prevent a start, one line each. */
  public List<String> errors() {
    return List.copyOf(errors);
  }

  /** The features that will not work after a start, one line each. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** A running daemon occupies both, and its configuration must be checkable before a reload. */
  private void addressAndFolder() {
    List<String> taken = new ArrayList<>();
    try {
      HttpService.check(config.http());
    } catch (BindException e) {
      taken.add(e.getMessage());
    } catch (IOException e) {
      errors.add(e.getMessage());
    }
    try {
      History.check(config.history());
    } catch (History.FolderInUseException e) {
      taken.add(e.getMessage());
    } catch (IOException e) {
      warnings.add(e.getMessage() + "; results will be held in memory");
    }
    if (taken.size() == 2) {
      warnings.add(
          "a daemon with this http.listen and history.folder is already running; it can be"
              + " reloaded, but not started again");
    } else {
      errors.addAll(taken);
    }
  }

  private void devices() throws InterruptedException {
    boolean isNeeded =
        config.workloads().stream()
            .anyMatch(
                workload ->
                    !workload.gate().isOpen()
                        || workload.devices().stream()
                            .anyMatch(device -> !device.matches("auto|all")));
    if (!isNeeded) {
      return;
    }
    List<DeviceState> known;
    try {
      known = new DeviceProbe(worker).read();
    } catch (IOException e) {
      warnings.add("the devices of this host cannot be listed: " + e.getMessage());
      return;
    }
    String ids = known.stream().map(DeviceState::id).collect(Collectors.joining(", "));
    for (Target target : TargetPlan.of(config, known)) {
      String key = "workloads." + target.workload().name();
      Optional<DeviceState> device =
          known.stream().filter(one -> one.id().equals(target.device())).findFirst();
      if (device.isEmpty()) {
        warnings.add(key + ".device: " + target.device() + " is not a device of this host: " + ids);
      } else {
        String where = key + ".only_when: " + target.device() + " does not report ";
        WorkerRunner.unreadable(target.workload().gate(), device.get())
            .ifPresent(what -> warnings.add(where + what));
      }
    }
  }

  /** Counts what would be measured: the cheapest way to find what the worker would refuse. */
  private void model(Workload workload) throws InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("count", workload.model()));
    arguments.addAll(List.of("--format", "json"));
    arguments.addAll(Target.batches(workload));
    workload.inputs().forEach(input -> arguments.addAll(List.of("--input", input)));
    try {
      worker.ask(arguments, COUNT_TIMEOUT);
    } catch (IOException e) {
      warnings.add("workloads." + workload.name() + ": " + e.getMessage());
    }
  }
}
