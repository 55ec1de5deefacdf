package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.DataDependentException;
import dev.flopmeter.model.DataType;
import dev.flopmeter.model.Graph;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.equation.Definition;
import dev.flopmeter.run.RunOptions;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.ElementType;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.fuse.Fused;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/** Decides, without a device, what runs: the steps of a graph and the buffers of its values. */
public final class Planner {
  private Planner() {}

  /**
   * Plans a graph.
   *
   * @param formats by node name, the format of image operators
   * @throws UnsupportedOperatorException naming the first node that cannot run here
   */
  public static DevicePlan plan(
      Graph graph, RunOptions options, Function<String, MemoryLayout> formats) {
    PlanBuilder apart = builder(graph, options, formats, Map.of());
    DevicePlan plan = apart.finish();
    Map<String, ConcatPlaces.Place> places = ConcatPlaces.of(graph, plan, apart.concatenations());
    DevicePlan whole = places.isEmpty() ? plan : builder(graph, options, formats, places).finish();
    return new DevicePlan(OwnedSteps.of(graph, whole.steps()), whole.inputs(), whole.outputs());
  }

  private static PlanBuilder builder(
      Graph graph,
      RunOptions options,
      Function<String, MemoryLayout> formats,
      Map<String, ConcatPlaces.Place> places) {
    PlanBuilder builder = new PlanBuilder(graph, options, formats, places);
    for (Fused fused : CudnnFusion.steps(graph, options)) {
      plan(builder, fused);
    }
    return builder;
  }

  private static void plan(PlanBuilder builder, Fused fused) {
    NodePlan node = new NodePlan(builder, fused);
    String op = fused.main().qualifiedOp();
    Definition equations =
        Operators.find(op)
            .filter(unused -> Operators.names().contains(op))
            .orElseThrow(
                () ->
                    new UnsupportedOperatorException(
                        DevicePlan.BACKEND, op, "node '" + fused.main().name() + "'"));
    requireNumbers(builder, node);
    for (String output : fused.main().outputs()) {
      if (!output.isEmpty() && builder.graph().type(output).isEmpty()) {
        throw node.refusal("the shape of '" + output + "' depends on data");
      }
    }
    requireFloatRange(builder, node);
    try {
      node.launch(equations, node.inputs(equations.parameters().size()));
      node.emit();
    } catch (DataDependentException e) {
      throw node.refusal("its shapes depend on data");
    } catch (ArithmeticException e) {
      throw node.refusal(String.valueOf(e.getMessage()));
    } catch (ModelException e) {
      throw e.at(fused.main().describe());
    }
  }

  private static void requireNumbers(PlanBuilder builder, NodePlan node) {
    Node main = node.node();
    for (String value : Stream.concat(main.inputs().stream(), main.outputs().stream()).toList()) {
      if (builder.graph().type(value).filter(type -> type.type() == DataType.STRING).isPresent()) {
        throw node.refusal("'" + value + "' holds strings");
      }
    }
  }

  /**
   * Doubles are computed as floats where not all operators have doubles. The largest double itself
   * stands for infinity, as in masks.
   */
  private static void requireFloatRange(PlanBuilder builder, NodePlan node) {
    for (String value : node.node().inputs()) {
      boolean isLost =
          builder
              .graph()
              .constant(value)
              .filter(constant -> builder.storageOf(constant.type()) != ElementType.F64)
              .filter(ElementType::isBeyondFloat)
              .isPresent();
      if (isLost) {
        throw node.refusal("'" + value + "' holds doubles beyond float's range");
      }
    }
  }
}
