package dev.flopmeter.run.cudnn;

import dev.flopmeter.run.KernelInfo;
import dev.flopmeter.run.cudnn.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.BackendDescriptor.ValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import jcuda.jcudnn.JCudnn;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A batched matrix product by cuDNN's graph API, with the first of the engines it proposes that the
 * precision and the workspace limit allow. What it does not offer our own kernel does.
 */
final class ProductExecutable implements Executable {
  private static final Logger logger = LoggerFactory.getLogger(ProductExecutable.class);

  /** Enough for the attributes of any one call. */
  private static final long HOST_BYTES = 1024;

  private static final int MOST_ENGINES = 8;
  private static final int MOST_NOTES = 16;

  // cudnnBackendAttributeName_t
  private static final int POINTWISE_MODE = 0;
  private static final int POINTWISE_PRECISION = 1;
  private static final int HEURISTICS_MODE = 200;
  private static final int HEURISTICS_GRAPH = 201;
  private static final int HEURISTICS_RESULTS = 202;
  private static final int CONFIGURATION_ENGINE = 300;
  private static final int PLAN_HANDLE = 400;
  private static final int PLAN_CONFIGURATION = 401;
  private static final int PLAN_WORKSPACE = 402;
  private static final int POINTWISE_OF = 750;
  private static final int POINTWISE_X = 751;
  private static final int POINTWISE_B = 752;
  private static final int POINTWISE_Y = 753;
  private static final int GRAPH_HANDLE = 800;
  private static final int GRAPH_OPERATIONS = 801;
  private static final int TENSOR_ALIGNMENT = 900;
  private static final int TENSOR_TYPE = 901;
  private static final int TENSOR_DIMENSIONS = 902;
  private static final int TENSOR_STRIDES = 903;
  private static final int TENSOR_ID = 906;
  private static final int TENSOR_IS_VIRTUAL = 907;
  private static final int TENSOR_IS_BY_VALUE = 908;
  private static final int PACK_IDS = 1000;
  private static final int PACK_POINTERS = 1001;
  private static final int PACK_WORKSPACE = 1003;
  private static final int ENGINE_NOTES = 1303;
  private static final int PRODUCT_PRECISION = 1500;
  private static final int PRODUCT_A = 1520;
  private static final int PRODUCT_B = 1521;
  private static final int PRODUCT_C = 1522;
  private static final int PRODUCT_OF = 1523;

  private static final int MULTIPLY = 1;

  // cudnnBackendHeurMode_t: what cuDNN thinks best, then what it falls back to.
  private static final int[] MODES = {3, 2};

  // cudnnBackendNumericalNote_t
  private static final long TENSOR_CORE = 0;
  private static final long INPUTS_ROUNDED_DOWN = 1;
  private static final long REDUCED_PRECISION_SUM = 2;

  // Tensors' names within the graph
  private static final long A = 1;
  private static final long B = 2;
  private static final long Y = 3;
  private static final long ALPHA = 4;
  private static final long UNSCALED = 5;

  private final Site site;
  private final ProductWork work;
  private final Closing owned = new Closing();
  private final HostBlock host;
  private final BackendDescriptor plan;
  private final long workspaceBytes;
  private @Nullable BackendDescriptor pack;

  /** By cuDNN where it can, else by our own kernel. */
  static Executable prepare(Site site, ProductWork work) {
    if (work.isForCudnn()) {
      try {
        return new ProductExecutable(site, work);
      } catch (DeviceFailure e) {
        if (e.isSticky() || e.isHung()) {
          throw e;
        }
        logger.debug("{}; the product {} runs on our own kernel", e.getMessage(), work.y());
      }
    }
    return new KernelExecutable(site, work.kernel());
  }

  private ProductExecutable(Site site, ProductWork work) {
    this.site = site;
    this.work = work;
    try {
      host = owned.add(new HostBlock(HOST_BYTES));
      BackendDescriptor graph = graph();
      Optional<BackendDescriptor> found = Optional.empty();
      for (int i = 0; i < MODES.length && found.isEmpty(); i++) {
        found = plan(graph, MODES[i]);
      }
      plan =
          found.orElseThrow(
              () -> DeviceFailure.passing("cuDNN has no engine for the product " + work.y()));
      workspaceBytes = plan.get(PLAN_WORKSPACE, ValueType.INT64, 1)[0];
    } catch (RuntimeException | Error e) {
      owned.close();
      throw e;
    }
    site.workspace().need(workspaceBytes);
  }

  private boolean isScaled() {
    return work.alpha() != 1;
  }

  private BackendDescriptor make(Kind kind) {
    return owned.add(new BackendDescriptor(kind, host));
  }

  private BackendDescriptor graph() {
    BackendDescriptor y = stored(Y, work.y(), work.result());
    BackendDescriptor unscaled = isScaled() ? unscaled() : y;
    BackendDescriptor product =
        make(Kind.PRODUCT_OPERATION)
            .set(PRODUCT_A, stored(A, work.a(), work.left()))
            .set(PRODUCT_B, stored(B, work.b(), work.right()))
            .set(PRODUCT_C, unscaled)
            .set(
                PRODUCT_OF,
                make(Kind.PRODUCT)
                    .set(PRODUCT_PRECISION, ValueType.DATA_TYPE, Storage.F32.code())
                    .ready())
            .ready();
    List<BackendDescriptor> operations = new ArrayList<>(List.of(product));
    if (isScaled()) {
      operations.add(scaling(unscaled, y));
    }
    return make(Kind.GRAPH)
        .set(GRAPH_HANDLE, ValueType.HANDLE, site.gpu().handle().address())
        .set(GRAPH_OPERATIONS, operations.toArray(BackendDescriptor[]::new))
        .ready();
  }

  private BackendDescriptor scaling(BackendDescriptor unscaled, BackendDescriptor y) {
    long[] ones = new long[work.result().dims().length];
    Arrays.fill(ones, 1);
    return make(Kind.POINTWISE_OPERATION)
        .set(
            POINTWISE_OF,
            make(Kind.POINTWISE)
                .set(POINTWISE_MODE, ValueType.POINTWISE_MODE, MULTIPLY)
                .set(POINTWISE_PRECISION, ValueType.DATA_TYPE, Storage.F32.code())
                .ready())
        .set(POINTWISE_X, unscaled)
        .set(
            POINTWISE_B,
            tensor(ALPHA, Storage.F32, new ProductWork.Operand(ones, ones), Storage.F32.bytes())
                .set(TENSOR_IS_BY_VALUE, ValueType.BOOLEAN, 1)
                .ready())
        .set(POINTWISE_Y, y)
        .ready();
  }

  private BackendDescriptor unscaled() {
    return tensor(UNSCALED, Storage.F32, work.result(), MOST_ALIGNED)
        .set(TENSOR_IS_VIRTUAL, ValueType.BOOLEAN, 1)
        .ready();
  }

  private static final long MOST_ALIGNED = 16;

  private BackendDescriptor stored(long id, View view, ProductWork.Operand operand) {
    long alignment = Math.min(MOST_ALIGNED, Long.lowestOneBit(site.address(view).value()));
    return tensor(id, view.storage(), operand, alignment).ready();
  }

  private BackendDescriptor tensor(
      long id, Storage storage, ProductWork.Operand operand, long alignment) {
    return make(Kind.TENSOR)
        .set(TENSOR_ID, ValueType.INT64, id)
        .set(TENSOR_TYPE, ValueType.DATA_TYPE, storage.code())
        .set(TENSOR_DIMENSIONS, ValueType.INT64, operand.dims())
        .set(TENSOR_STRIDES, ValueType.INT64, operand.strides())
        .set(TENSOR_ALIGNMENT, ValueType.INT64, alignment);
  }

  /** The first proposed plan that cuDNN then really offers, within our limits. */
  private Optional<BackendDescriptor> plan(BackendDescriptor graph, int mode) {
    BackendDescriptor heuristics =
        make(Kind.HEURISTICS)
            .set(HEURISTICS_GRAPH, graph)
            .set(HEURISTICS_MODE, ValueType.HEURISTIC_MODE, mode)
            .ready();
    List<BackendDescriptor> made = new ArrayList<>();
    for (int i = 0; i < MOST_ENGINES; i++) {
      made.add(make(Kind.ENGINE_CONFIGURATION));
    }
    for (BackendDescriptor configuration : heuristics.fill(HEURISTICS_RESULTS, made)) {
      if (isExactEnough(configuration)) {
        BackendDescriptor candidate =
            make(Kind.PLAN)
                .set(PLAN_HANDLE, ValueType.HANDLE, site.gpu().handle().address())
                .set(PLAN_CONFIGURATION, configuration);
        try {
          long bytes = candidate.ready().get(PLAN_WORKSPACE, ValueType.INT64, 1)[0];
          if (bytes <= site.options().workspaceLimitBytes()) {
            return Optional.of(candidate);
          }
        } catch (DeviceFailure e) {
          if (e.isSticky()) {
            throw e;
          }
          logger.debug("an engine that cuDNN proposed is not there: {}", e.getMessage());
        }
      }
    }
    return Optional.empty();
  }

  /** FP32 means that no operand is rounded to TF32; sums are kept in float32 in all precisions. */
  private boolean isExactEnough(BackendDescriptor configuration) {
    BackendDescriptor engine = make(Kind.ENGINE);
    configuration.fill(CONFIGURATION_ENGINE, List.of(engine));
    boolean isFma = site.math() == MathType.FMA.code();
    return Arrays.stream(engine.get(ENGINE_NOTES, ValueType.NUMERICAL_NOTE, MOST_NOTES))
        .noneMatch(
            note ->
                note == REDUCED_PRECISION_SUM
                    || (isFma && (note == TENSOR_CORE || note == INPUTS_ROUNDED_DOWN)));
  }

  /** Made at the first launch: only then is the workspace where it stays. */
  private BackendDescriptor pack() {
    if (pack == null) {
      List<Long> ids = new ArrayList<>(List.of(A, B, Y));
      List<Long> pointers = new ArrayList<>();
      for (View view : List.of(work.a(), work.b(), work.y())) {
        pointers.add(site.address(view).value());
      }
      if (isScaled()) {
        ids.add(ALPHA);
        pointers.add(host.address());
      }
      BackendDescriptor made =
          make(Kind.VARIANT_PACK)
              .set(PACK_IDS, ValueType.INT64, ids.stream().mapToLong(Long::longValue).toArray())
              .set(
                  PACK_POINTERS,
                  ValueType.VOID_POINTER,
                  pointers.stream().mapToLong(Long::longValue).toArray())
              .set(PACK_WORKSPACE, ValueType.VOID_POINTER, site.workspace().address())
              .ready();
      // From here on the block holds the factor and nothing else.
      host.bytes().putFloat(0, (float) work.alpha());
      pack = made;
    }
    return pack;
  }

  @Override
  public void enqueue() {
    Status.cudnn(
        JCudnn.cudnnBackendExecute(site.gpu().handle(), plan, pack()), "cudnnBackendExecute");
  }

  @Override
  public KernelInfo kernel() {
    return new KernelInfo("graph matmul", null, MathType.label(site.math()), workspaceBytes);
  }

  @Override
  public void close() {
    owned.close();
  }
}
