package dev.flopmeter.serve.page;

import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.report.finding.Verdict;
import dev.flopmeter.report.page.Page;
import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.serve.config.ServeConfig.Workload;
import dev.flopmeter.serve.node.GpuAccount;
import dev.flopmeter.serve.page.Recommendations.Recommendation;
import dev.flopmeter.serve.page.Snapshot.DeviceState;
import dev.flopmeter.serve.page.Snapshot.EndedRun;
import dev.flopmeter.serve.page.Snapshot.Series;
import dev.flopmeter.serve.page.Snapshot.WorkloadState;
import dev.flopmeter.serve.page.Tag.Health;
import dev.flopmeter.units.Figures;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's own page, for those without Grafana: the answer first, then workloads with their
 * last results and history, devices, the last runs. Complete without a script; with one it updates
 * itself. Its links are relative, so that a proxy can serve it under any path.
 *
 * <p>Pure: a {@link Snapshot} in, text out. Nothing is read from a device, a disk or a lock.
 */
public record StatusPage(Page page, Snapshot snapshot, Answer answer) {
  static final int LONGEST_REASONS = 3;

  /**
   * The page.
   *
   * @param recommendation the one with the largest saving; null without one
   * @param nonce of the response, whose policy is {@link Page#policy}
   */
  public static String render(
      Snapshot snapshot, @Nullable Recommendation recommendation, String nonce) {
    Page page = new Page("flopmeter", "status", "status.js", nonce);
    Answer answer = new Answer(snapshot, recommendation);
    return Page.render("serve/page/status.jte", new StatusPage(page, snapshot, answer));
  }

  List<String> emulated() {
    return snapshot.devices().stream()
        .map(DeviceState::id)
        .filter(id -> lastOn(id).filter(last -> last.device().isEmulated()).isPresent())
        .map(Verdict::emulated)
        .toList();
  }

  /** Of the daemon itself, such as a rejected configuration. */
  List<String> problems() {
    List<String> problems = new ArrayList<>(snapshot.reloadProblems());
    boolean isKept = snapshot.config().history().folder().isPresent();
    if (isKept && !snapshot.history().isWritable()) {
      int waiting = snapshot.history().pending();
      problems.add("the history cannot be written; " + waiting + " results are held in memory");
    }
    return problems;
  }

  List<Tag> summary() {
    long failing = snapshot.workloads().values().stream().map(Tag::of).filter(Tag::isBad).count();
    int results = snapshot.series().size();
    long invalid = snapshot.series().stream().filter(one -> !one.profile().valid()).count();
    String workloads = Verdict.count(snapshot.workloads().size(), "workload");
    List<Tag> tags = new ArrayList<>();
    if (failing > 0) {
      tags.add(new Tag(Health.BAD, failing + " of " + workloads + " failing"));
    }
    if (invalid > 0) {
      String all = Verdict.count(results, "result");
      tags.add(new Tag(Health.WARNING, invalid + " of " + all + " not valid"));
    }
    if (failing == 0 && invalid == 0 && !snapshot.workloads().isEmpty()) {
      tags.add(new Tag(results == 0 ? Health.IDLE : Health.GOOD, workloads + ", none failing"));
    }
    return tags;
  }

  Optional<ProfileResult> lastOn(String device) {
    return snapshot.series().stream()
        .filter(one -> one.key().device().equals(device))
        .map(Series::profile)
        .max(Comparator.comparing(result -> result.run().startedAt()));
  }

  /** Where a workload's report is, relative to the page. */
  static String report(Workload workload) {
    return "report/"
        + URLEncoder.encode(workload.name(), StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** Why the last run failed; empty if it did not. */
  static String problem(WorkloadState state) {
    EndedRun last = state.lastRun();
    return last != null && Tag.of(last.outcome()).isBad() ? last.detail() : "";
  }

  /** The share of a GPU's time that it spent in some states; empty before there is any. */
  static String share(GpuAccount account, State... states) {
    double all = account.seconds().values().stream().mapToDouble(Double::doubleValue).sum();
    double some =
        Stream.of(states).mapToDouble(one -> account.seconds().getOrDefault(one, 0.0)).sum();
    return all == 0 ? "" : Figures.percent(some / all);
  }
}
