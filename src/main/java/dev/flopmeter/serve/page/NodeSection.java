package dev.flopmeter.serve.page;

import dev.flopmeter.device.NodeSample.State;
import dev.flopmeter.report.page.Markup;
import dev.flopmeter.serve.node.GpuAccount;
import dev.flopmeter.serve.node.NodeState;
import dev.flopmeter.text.Cut;
import dev.flopmeter.units.Figures;
import java.util.Map;
import java.util.TreeMap;

/** The accounts of this host's GPUs; nothing where they are not kept. */
final class NodeSection {
  private NodeSection() {}

  static void draw(Markup out, NodeState node) {
    if (node.rules().interval().isEmpty()) {
      return;
    }
    out.open("section.panel id=node data-part aria-label=Node").element("h2", "Node");
    if (!node.problem().isEmpty()) {
      out.element("p.note", "The GPUs of this node are not sampled: " + node.problem());
    }
    if (node.isEmulated()) {
      out.element("p.note", "These GPUs are emulated: their figures mean nothing.");
    }
    if (!node.gpus().isEmpty()) {
      StatusPage.begin(
          out,
          "Time of each GPU",
          6,
          "GPU",
          "Name",
          "State",
          "Busy",
          "Measured",
          "Held",
          "Idle",
          "Lost",
          "Processes");
      node.gpus().forEach(gpu -> row(out, gpu));
      out.close("tbody").close("table");
    }
    new TreeMap<>(node.absent())
        .forEach((figure, why) -> out.element("p.note", figure + " not available: " + why));
    out.close("section").line();
  }

  private static void row(Markup out, GpuAccount account) {
    out.open("tr").open("th scope=row").name(account.gpu().device()).close("th");
    out.open("td data-l=Name").name(Cut.name(account.gpu().name())).close("td");
    out.open("td data-l=State");
    StatusPage.state(out, health(account.state()), account.state().label());
    out.close("td");
    StatusPage.cell(out, "Busy", share(account, State.BUSY, State.THROTTLED, State.OCCUPIED));
    StatusPage.cell(out, "Measured", share(account, State.MEASURED));
    StatusPage.cell(out, "Held", share(account, State.HELD));
    StatusPage.cell(out, "Idle", share(account, State.IDLE));
    StatusPage.cell(out, "Lost", share(account, State.LOST, State.UNKNOWN));
    int processes = account.processes().size() + account.others().size();
    StatusPage.cell(out, "Processes", Integer.toString(processes));
    out.close("tr");
  }

  private static Health health(State state) {
    return switch (state) {
      case LOST -> Health.BAD;
      case THROTTLED, HELD, UNKNOWN -> Health.WARNING;
      case BUSY, MEASURED, OCCUPIED -> Health.BUSY;
      case IDLE -> Health.IDLE;
    };
  }

  /** Of all the time, that in some states. */
  private static String share(GpuAccount account, State... states) {
    Map<State, Double> seconds = account.seconds();
    double all = seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    double some = 0;
    for (State state : states) {
      some += seconds.getOrDefault(state, 0.0);
    }
    return all == 0 ? "" : Figures.percent(some / all);
  }
}
