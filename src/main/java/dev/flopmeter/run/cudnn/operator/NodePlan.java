package dev.flopmeter.run.cudnn.operator;

import dev.flopmeter.model.Attributes;
import dev.flopmeter.model.Node;
import dev.flopmeter.model.Operands;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import dev.flopmeter.run.UnsupportedOperatorException;
import dev.flopmeter.run.cudnn.plan.Block;
import dev.flopmeter.run.cudnn.plan.Blueprint;
import dev.flopmeter.run.cudnn.plan.Format;
import dev.flopmeter.run.cudnn.plan.Storage;
import dev.flopmeter.run.cudnn.plan.View;
import dev.flopmeter.run.cudnn.plan.Work;
import dev.flopmeter.run.fuse.Fused;
import dev.flopmeter.run.fuse.Fused.Addend;
import dev.flopmeter.run.fuse.Fused.Chain;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Nodes being planned as one step: its operands' places, and the step that comes of it. */
final class NodePlan {
  static final String FUSED_CONVOLUTION = "com.microsoft:FusedConv";
  static final String FUSED_GEMM = "com.microsoft:FusedGemm";
  private static final Set<String> FUSED = Set.of(FUSED_CONVOLUTION, FUSED_GEMM);

  private final Draft draft;
  private final Fused fused;
  private final Operands operands;

  NodePlan(Draft draft, Fused fused) {
    this.draft = draft;
    this.fused = fused;
    this.operands = Operands.of(draft.graph(), fused.main());
  }

  Draft draft() {
    return draft;
  }

  Fused fused() {
    return fused;
  }

  private Optional<Chain> chain() {
    return fused instanceof Chain chain ? Optional.of(chain) : Optional.empty();
  }

  /** The batch normalisation that is folded into the weights. */
  Optional<Node> normalisation() {
    return chain().map(Chain::normalisation);
  }

  /** What is added per output channel, beside the main node's own bias. */
  @Nullable Tensor addedBias() {
    return chain()
        .map(Chain::bias)
        .flatMap(addend -> draft.graph().constant(addend.value()))
        .orElse(null);
  }

  /** A value that is added to the result before the activation. */
  @Nullable String residual() {
    return node().qualifiedOp().equals(FUSED_CONVOLUTION) && has(3)
        ? node().inputs().get(3)
        : chain().map(Chain::residual).map(Addend::value).orElse(null);
  }

  /** Whether the result is rectified, also by what ONNX Runtime has fused to the node. */
  boolean isRectified() {
    return chain().map(Chain::activation).isPresent()
        || (FUSED.contains(node().qualifiedOp())
            && attributes().text("activation", "").equals("Relu"));
  }

  Node node() {
    return fused.main();
  }

  Operands operands() {
    return operands;
  }

  Attributes attributes() {
    return fused.main().attributes();
  }

  Storage floats() {
    return draft.floats();
  }

  boolean has(int input) {
    return operands.has(input);
  }

  Shape shape(int input) {
    return operands.shape(input);
  }

  /** An input in the form in which it lies. */
  View in(int input) {
    return draft.value(node().inputs().get(input));
  }

  /** An input packed row major. */
  View plain(int input) {
    return draft.formatted(node().inputs().get(input), Format.PLAIN);
  }

  View formatted(int input, Format format) {
    return draft.formatted(node().inputs().get(input), format);
  }

  /** The names of the outputs that are asked for, the fused result for the first. */
  private String outputName(int index) {
    return index == 0 ? fused.last().outputs().get(0) : node().outputs().get(index);
  }

  boolean hasOutput(int index) {
    return operands.hasOutput(index);
  }

  Shape outputShape(int index) {
    return draft.graph().requireType(outputName(index)).shape();
  }

  /** A new row-major place for an output. */
  View out(int index) {
    return out(index, Format.PLAIN);
  }

  View out(int index, Format format) {
    return draft.create(outputName(index), format);
  }

  /** A place for an output packed as {@code like} is, where that has its shape. */
  View outLike(int index, View like) {
    boolean isChannelsLast =
        !like.is(Format.PLAIN)
            && like.is(Format.CHANNELS_LAST)
            && like.shape().equals(outputShape(index));
    return out(index, isChannelsLast ? Format.CHANNELS_LAST : Format.PLAIN);
  }

  void alias(int output, View view) {
    draft.alias(outputName(output), view);
  }

  View scratch(String what, Shape shape, Storage storage) {
    return draft.scratch(node().name() + ":" + what, shape, storage, Format.PLAIN);
  }

  View scratch(String what, Shape shape, Storage storage, Format format) {
    return draft.scratch(node().name() + ":" + what, shape, storage, format);
  }

  /** A constant that belongs to this node alone. */
  View constant(String what, Shape shape, Storage storage, Block.Content content) {
    return draft.constant(node().name() + ":" + what, shape, storage, content);
  }

  void emit(List<View> reads, List<View> writes, Work... works) {
    emit(reads, writes, List.of(works));
  }

  void emit(List<View> reads, List<View> writes, List<Work> works) {
    draft.emit(
        node().name(),
        fused.op(),
        fused.nodes().stream().map(Node::name).toList(),
        reads,
        writes,
        works);
  }

  /** A step that serves no node of the model: what we must add to run one. */
  void emitAdded(String what, List<View> reads, List<View> writes, Work... works) {
    draft.emit(node().name() + ":" + what, what, new ArrayList<>(), reads, writes, List.of(works));
  }

  UnsupportedOperatorException unsupported(String what) {
    return new UnsupportedOperatorException(
        Blueprint.BACKEND, node().qualifiedOp(), "node '" + node().name() + "': " + what);
  }
}
