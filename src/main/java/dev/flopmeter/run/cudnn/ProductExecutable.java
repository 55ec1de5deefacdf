package dev.flopmeter.run.cudnn;

import dev.flopmeter.run.KernelInfo;
import dev.flopmeter.run.cudnn.BackendDescriptor.Kind;
import dev.flopmeter.run.cudnn.BackendDescriptor.ValueType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import jcuda.jcudnn.JCudnn;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A batched matrix product by cuDNN's graph API, with the fastest of the first few engines that it
 * proposes and the precision and the workspace limit allow. What it does not offer our own kernel
 * does.
 *
 * <p>An algorithm's code is here the place of an engine's configuration among cuDNN's proposals,
 * which are the same for the same product on the same device and version.
 */
final class ProductExecutable implements Executable, AlgorithmSearch.Problem {
  private static final Logger logger = LoggerFactory.getLogger(ProductExecutable.class);

  /** Enough for the attributes of any one call, and the factor behind them. */
  private static final int FACTOR_AT = 1016;

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
  private static final int ENGINE_NUMBER = 1301;
  private static final int ENGINE_NOTES = 1303;
  private static final int PRODUCT_PRECISION = 1500;
  private static final int PRODUCT_A = 1520;
  private static final int PRODUCT_B = 1521;
  private static final int PRODUCT_C = 1522;
  private static final int PRODUCT_OF = 1523;

  private static final int MULTIPLY = 1;

  // cudnnBackendHeurMode_t: A, and what cuDNN falls back to.
  private static final int INSTANT = 3;
  private static final int FALLBACK = 2;

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
  private final Closing owned;
  private final HostBlock host;
  private final List<BackendDescriptor> proposals = new ArrayList<>();
  private final int preferred;
  private final Map<Integer, BackendDescriptor> plans = new TreeMap<>();
  private final Algorithm algorithm;
  private final long engineNumber;
  private @Nullable BackendDescriptor pack;

  /** By cuDNN where it can, else by our own kernel. */
  static Executable prepare(Site site, ProductWork work) {
    if (work.isForCudnn()) {
      Closing owned = new Closing();
      try {
        return PlainExecutables.guarded(owned, () -> new ProductExecutable(site, work, owned));
      } catch (DeviceFailure e) {
        if (e.isSticky() || e.isHung()) {
          throw e;
        }
        logger.debug("{}; the product {} runs on our own kernel", e.getMessage(), work.y());
      }
    }
    return new KernelExecutable(site, work.kernel());
  }

  private ProductExecutable(Site site, ProductWork work, Closing owned) {
    this.site = site;
    this.work = work;
    this.owned = owned;
    host = owned.add(new HostBlock(HOST_BYTES));
    host.bytes().putFloat(FACTOR_AT, (float) work.alpha());
    BackendDescriptor graph = graph();
    proposals.addAll(proposals(graph, INSTANT));
    preferred = proposals.size();
    proposals.addAll(proposals(graph, FALLBACK));
    algorithm = new AlgorithmSearch(site).choose(this);
    BackendDescriptor engine = engine(proposals.get(algorithm.code()));
    engineNumber = engine.get(ENGINE_NUMBER, ValueType.INT64, 1)[0];
  }

  @Override
  public String key() {
    return String.join(
        " ",
        "product",
        text(work.left()),
        text(work.right()),
        text(work.result()),
        work.y().storage().name(),
        isScaled() ? "scaled" : "-",
        "math" + site.math(),
        "limit" + site.options().workspaceLimitBytes());
  }

  private static String text(ProductWork.Operand operand) {
    return (Arrays.toString(operand.dims()) + Arrays.toString(operand.strides())).replace(" ", "");
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

  /** The configurations that cuDNN names, best first. */
  private List<BackendDescriptor> proposals(BackendDescriptor graph, int mode) {
    BackendDescriptor heuristics =
        make(Kind.HEURISTICS)
            .set(HEURISTICS_GRAPH, graph)
            .set(HEURISTICS_MODE, ValueType.HEURISTIC_MODE, mode)
            .ready();
    List<BackendDescriptor> made = new ArrayList<>();
    for (int i = 0; i < MOST_ENGINES; i++) {
      made.add(make(Kind.ENGINE_CONFIGURATION));
    }
    return heuristics.fill(HEURISTICS_RESULTS, made);
  }

  /** The first proposals that cuDNN then really offers: making a plan may compile its code. */
  @Override
  public List<Algorithm> candidates() {
    List<Algorithm> candidates = new ArrayList<>();
    long limit = site.options().workspaceLimitBytes();
    for (int i = 0; i < proposals.size() && candidates.size() < AlgorithmSearch.MOST_RETIMED; i++) {
      if (i == preferred && !candidates.isEmpty()) {
        break; // what it falls back to is for when nothing else works
      }
      offered(i).filter(offer -> offer.workspaceBytes() <= limit).ifPresent(candidates::add);
    }
    return candidates;
  }

  @Override
  public boolean offers(Algorithm noted) {
    return noted.code() >= 0
        && noted.code() < proposals.size()
        && offered(noted.code()).filter(noted::equals).isPresent();
  }

  private Optional<Algorithm> offered(int proposal) {
    BackendDescriptor configuration = proposals.get(proposal);
    if (!isExactEnough(engine(configuration))) {
      return Optional.empty();
    }
    try {
      BackendDescriptor plan =
          make(Kind.PLAN)
              .set(PLAN_HANDLE, ValueType.HANDLE, site.gpu().handle().address())
              .set(PLAN_CONFIGURATION, configuration)
              .ready();
      plans.put(proposal, plan);
      long bytes = plan.get(PLAN_WORKSPACE, ValueType.INT64, 1)[0];
      return Optional.of(new Algorithm(proposal, site.math(), bytes, isScaled()));
    } catch (DeviceFailure e) {
      if (e.isSticky()) {
        throw e;
      }
      logger.debug("an engine that cuDNN proposed is not there: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private BackendDescriptor engine(BackendDescriptor configuration) {
    BackendDescriptor engine = make(Kind.ENGINE);
    configuration.fill(CONFIGURATION_ENGINE, List.of(engine));
    return engine;
  }

  /** FP32 means that no operand is rounded to TF32; sums are kept in float32 in all precisions. */
  private boolean isExactEnough(BackendDescriptor engine) {
    boolean isFma = site.math() == MathType.FMA.code();
    return Arrays.stream(engine.get(ENGINE_NOTES, ValueType.NUMERICAL_NOTE, MOST_NOTES))
        .noneMatch(
            note ->
                note == REDUCED_PRECISION_SUM
                    || (isFma && (note == TENSOR_CORE || note == INPUTS_ROUNDED_DOWN)));
  }

  private BackendDescriptor makePack() {
    List<Long> ids = new ArrayList<>(List.of(A, B, Y));
    List<Long> pointers = new ArrayList<>();
    for (View view : List.of(work.a(), work.b(), work.y())) {
      pointers.add(site.address(view).value());
    }
    if (isScaled()) {
      ids.add(ALPHA);
      pointers.add(host.address() + FACTOR_AT);
    }
    return new BackendDescriptor(Kind.VARIANT_PACK, host)
        .set(PACK_IDS, ValueType.INT64, ids.stream().mapToLong(Long::longValue).toArray())
        .set(
            PACK_POINTERS,
            ValueType.VOID_POINTER,
            pointers.stream().mapToLong(Long::longValue).toArray())
        .set(PACK_WORKSPACE, ValueType.VOID_POINTER, site.workspace().address())
        .ready();
  }

  /** For a trial, with the workspace where it lies now. */
  @Override
  public int launch(Algorithm candidate) {
    try (BackendDescriptor trial = makePack()) {
      return execute(candidate, trial);
    }
  }

  private int execute(Algorithm chosen, BackendDescriptor with) {
    BackendDescriptor plan = plans.get(chosen.code());
    if (plan == null) {
      throw new IllegalStateException("no plan was made for proposal " + chosen.code());
    }
    return JCudnn.cudnnBackendExecute(site.gpu().handle(), plan, with);
  }

  @Override
  public String call(Algorithm candidate) {
    return "cudnnBackendExecute";
  }

  @Override
  public void enqueue() {
    if (pack == null) {
      // Made at the first launch: only then is the workspace where it stays.
      pack = owned.add(makePack());
    }
    Status.cudnn(execute(algorithm, pack), call(algorithm));
  }

  @Override
  public KernelInfo kernel() {
    return new KernelInfo(
        "graph matmul engine " + engineNumber,
        null,
        MathType.label(algorithm.math()),
        algorithm.workspaceBytes());
  }

  @Override
  public void close() {
    owned.close();
  }
}
