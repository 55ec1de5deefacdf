package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.plan.Blueprint;
import dev.flopmeter.run.cudnn.plan.Format;
import dev.flopmeter.run.cudnn.plan.Storage;
import dev.flopmeter.run.fuse.Fused;
import java.util.Map;
import java.util.function.Function;

/** Decides, without a device, what runs: the steps of a graph and the places of its values. */
public final class Planner {
  private Planner() {}

  /**
   * Plans a graph.
   *
   * @param formats by node name, the format of image operators
   * @throws UnsupportedOperatorException naming the first node that cannot run here
   */
  public static Blueprint plan(Graph graph, RunOptions options, Function<String, Format> formats) {
    Draft apart = draft(graph, options, formats, Map.of());
    Blueprint plan = apart.finish();
    Map<String, ConcatPlaces.Place> places = ConcatPlaces.of(graph, plan, apart.concatenations());
    return places.isEmpty() ? plan : draft(graph, options, formats, places).finish();
  }

  private static Draft draft(
      Graph graph,
      RunOptions options,
      Function<String, Format> formats,
      Map<String, ConcatPlaces.Place> places) {
    Draft draft = new Draft(graph, options, formats, places);
    for (Fused fused : CudnnFusion.steps(graph, options)) {
      plan(draft, fused);
    }
    return draft;
  }

  private static void plan(Draft draft, Fused fused) {
    NodePlan node = new NodePlan(draft, fused);
    String op = fused.main().qualifiedOp();
    Operators.Operator operator =
        Operators.find(op)
            .orElseThrow(
                () ->
                    new UnsupportedOperatorException(
                        Blueprint.BACKEND, op, "node '" + fused.main().name() + "'"));
    requireNumbers(draft, node);
    for (String output : fused.main().outputs()) {
      if (!output.isEmpty() && draft.graph().type(output).isEmpty()) {
        throw node.unsupported("the shape of '" + output + "' depends on data");
      }
    }
    requireFloatRange(draft, node);
    try {
      operator.plan(node);
    } catch (DataDependentException e) {
      throw node.unsupported("its shapes depend on data");
    } catch (UnsupportedOperatorException e) {
      throw e;
    } catch (ModelException e) {
      throw e.at(fused.main().describe());
    }
  }

  private static void requireNumbers(Draft draft, NodePlan node) {
    for (String value : node.node().inputs()) {
      if (draft.graph().type(value).filter(type -> type.type() == DataType.STRING).isPresent()) {
        throw node.unsupported("'" + value + "' holds strings");
      }
    }
    for (String value : node.node().outputs()) {
      if (draft.graph().type(value).filter(type -> type.type() == DataType.STRING).isPresent()) {
        throw node.unsupported("'" + value + "' holds strings");
      }
    }
  }

  /** Doubles are computed as floats. The largest double itself stands for infinity, as in masks. */
  private static void requireFloatRange(Draft draft, NodePlan node) {
    for (String value : node.node().inputs()) {
      draft
          .graph()
          .constant(value)
          .filter(Storage::isBeyondFloat)
          .ifPresent(
              unused -> {
                throw node.unsupported("'" + value + "' holds doubles beyond float's range");
              });
    }
  }
}
