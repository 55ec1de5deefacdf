package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Graph;
import dev.flopmeter.run.cudnn.plan.Buffer;
import dev.flopmeter.run.cudnn.plan.ConvolutionWork;
import dev.flopmeter.run.cudnn.plan.DevicePlan;
import dev.flopmeter.run.cudnn.plan.DevicePlan.PlannedStep;
import dev.flopmeter.run.cudnn.plan.KernelWork;
import dev.flopmeter.run.cudnn.plan.MemoryLayout;
import dev.flopmeter.run.cudnn.plan.PoolingWork;
import dev.flopmeter.run.cudnn.plan.TensorView;
import dev.flopmeter.run.cudnn.plan.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which values are written straight into the concatenated value that they become part of, found in
 * a plan in which each has a place of its own.
 *
 * <p>A part that stays packed (all axes before the concatenated one are 1: NCHW with a batch of 1)
 * is to its writer and its readers like any other value. A part with gaps is only given to writers
 * that are known to take it, and only if nothing but the concatenation reads it. cuDNN's
 * convolutions take gaps between the images of NCHW, but in NHWC "HWC-packed" outputs only, so
 * there the parts are copied, as are those of our kernels that walk along memory.
 */
final class ConcatPlaces {
  /** cuDNN's tensor-core algorithms load 128 bits at once. */
  private static final long ALIGNMENT_BYTES = 16;

  /**
   * A concatenation as it was planned.
   *
   * @param parts in their order, each where it lay
   */
  record Concatenation(String value, int axis, TensorView whole, List<TensorView> parts) {}

  /** The stretch of {@code value} that begins at {@code start} of {@code axis}. */
  record Place(String value, MemoryLayout format, int axis, long start) {}

  private final Graph graph;
  private final Map<Buffer, List<PlannedStep>> writers = new HashMap<>();
  private final Set<Buffer> fixed;
  private final Map<String, Place> places = new HashMap<>();

  private ConcatPlaces(Graph graph, DevicePlan plan) {
    this.graph = graph;
    for (PlannedStep step : plan.steps()) {
      for (TensorView view : step.writes()) {
        writers.computeIfAbsent(view.block(), unused -> new ArrayList<>()).add(step);
      }
    }
    // What is fed or read by the caller keeps its own place.
    fixed =
        Stream.concat(plan.inputs().values().stream(), plan.outputs().values().stream())
            .map(TensorView::block)
            .collect(Collectors.toSet());
  }

  /** The places by the names of the values that get them. */
  static Map<String, Place> of(Graph graph, DevicePlan plan, List<Concatenation> concatenations) {
    ConcatPlaces found = new ConcatPlaces(graph, plan);
    concatenations.forEach(found::place);
    return Map.copyOf(found.places);
  }

  private void place(Concatenation concatenation) {
    TensorView whole = concatenation.whole();
    MemoryLayout format = whole.layout();
    long start = 0;
    for (TensorView part : concatenation.parts()) {
      TensorView place = whole.part(concatenation.axis(), start, part.dim(concatenation.axis()));
      String value = part.block().name();
      if (mayLieIn(place, part) && !places.containsKey(value)) {
        places.put(value, new Place(concatenation.value(), format, concatenation.axis(), start));
      }
      start += part.dim(concatenation.axis());
    }
  }

  private boolean mayLieIn(TensorView place, TensorView part) {
    if (part.elements() == 0
        || part.storage() != place.storage()
        || fixed.contains(part.block())
        || !isAligned(place)) {
      return false;
    }
    return onlyWriter(part)
        .filter(writer -> isSame(place, part) || takesGaps(writer, place, part))
        .isPresent();
  }

  private static boolean isAligned(TensorView place) {
    return place.byteOffset() % ALIGNMENT_BYTES == 0
        && (place.dim(0) == 1
            || place.stride(0) * place.storage().bytes() % ALIGNMENT_BYTES == 0
            || place.is(MemoryLayout.PLAIN));
  }

  /** The step that writes all of the value, and is alone to write into its block. */
  private Optional<PlannedStep> onlyWriter(TensorView part) {
    List<PlannedStep> all = writers.getOrDefault(part.block(), List.of());
    boolean isWhole =
        all.size() == 1
            && all.get(0).writes().stream().anyMatch(part::isSamePlace)
            && part.offset() == 0
            && part.elements() * part.storage().bytes() == part.block().bytes()
            && graph.types().containsKey(part.block().name());
    return isWhole ? Optional.of(all.get(0)) : Optional.empty();
  }

  /** Whether both have their elements in the same order without gaps. */
  private static boolean isSame(TensorView place, TensorView part) {
    return (place.is(MemoryLayout.PLAIN) && part.is(MemoryLayout.PLAIN))
        || (place.is(MemoryLayout.CHANNELS_LAST) && part.is(MemoryLayout.CHANNELS_LAST));
  }

  private boolean takesGaps(PlannedStep writer, TensorView place, TensorView part) {
    if (readers(part.block().name()) != 1 || writer.works().size() != 1) {
      return false;
    }
    boolean isImagesApart = place.rank() > 2 && part.is(MemoryLayout.PLAIN) && isImagePacked(place);
    Work work = writer.works().get(0);
    if (work instanceof ConvolutionWork convolution) {
      // The fused call wants a residual laid as the output is.
      return isImagesApart
          && convolution.layout() == MemoryLayout.PLAIN
          && convolution.residual() == null;
    }
    return (work instanceof PoolingWork && isImagesApart)
        || (work instanceof KernelWork kernel && kernel.kernel().startsWith("binary"));
  }

  private static boolean isImagePacked(TensorView place) {
    return place.as(place.shape().with(0, 1), place.strides()).is(MemoryLayout.PLAIN);
  }

  private long readers(String value) {
    return graph.nodes().stream()
        .flatMap(node -> node.inputs().stream())
        .filter(value::equals)
        .count();
  }
}
