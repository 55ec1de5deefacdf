package dev.flopmeter.run.trace;

import dev.flopmeter.model.Graph;
import dev.flopmeter.model.Node;
import dev.flopmeter.run.trace.TorchPasses.Call;
import dev.flopmeter.run.trace.Trace.Kernel;
import dev.flopmeter.text.Csv;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Joins PyTorch's operators to a model's nodes. Products are told by their work, which the shapes
 * in the trace give; the operators between two products by their kind. An export of PyTorch 2 notes
 * on each node which call it came from.
 *
 * @param owned the nodes of each call, so far
 * @param groups the calls that cannot be told apart, by the first of them, so far
 */
record TorchJoin(
    List<Call> calls,
    List<Node> nodes,
    Map<String, Long> macs,
    Map<Integer, List<Node>> owned,
    Map<Integer, List<Integer>> groups) {
  private static final String ORIGIN = "pkg.torch.onnx.fx_node";
  private static final Pattern TARGET = Pattern.compile("target=torch\\.ops\\.aten\\.(\\w+)");

  private static final String FOLDED = "batch_?norm";

  /** Names of one kind in PyTorch and in ONNX; the first that is found in a name decides. */
  private static final List<Pattern> KINDS =
      Csv.rows(TorchJoin.class, "operator-kinds.csv").stream()
          .map(row -> Pattern.compile(row.get(0)))
          .toList();

  /** What ONNX calls operators that only change the form of a value, or nothing. */
  private static final Map<Pattern, String> CONVERSIONS =
      Csv.rows(TorchJoin.class, "conversions.csv").stream()
          .collect(Collectors.toMap(row -> Pattern.compile(row.get(0)), row -> row.get(1)));

  /**
   * One kernel for each call, with the names of its nodes; those that cannot be told apart are one.
   *
   * @param first the first pass whose times count
   * @param notes receives what a reader of the figures must know
   */
  static List<Kernel> join(
      List<Call> calls, Graph graph, Map<String, Long> macs, int first, List<String> notes) {
    TorchJoin join =
        new TorchJoin(calls, graph.nodes(), macs, new HashMap<>(), new LinkedHashMap<>());
    join.products();
    if (!join.groups.isEmpty()) {
      notes.add(
          ("%s operators of equal work ran in another order than in the model, or divide their work"
                  + " differently: they are shown in %s groups")
              .formatted(
                  join.groups.values().stream().mapToInt(List::size).sum(), join.groups.size()));
    }
    join.between();
    join.folded();
    return join.kernels(first);
  }

  private double work(Node node) {
    return macs.getOrDefault(node.name(), 0L);
  }

  private void products() {
    List<Node> wanted = nodes.stream().filter(node -> work(node) > 0).toList();
    List<Integer> leftCalls = new ArrayList<>();
    List<Node> leftNodes = new ArrayList<>();
    align(
        places(0, calls.size(), true),
        wanted,
        (at, node) -> isLike(calls.get(at), node),
        (at, node) -> owned.put(at, List.of(node)),
        (gapCalls, gapNodes) -> {
          if (!share(gapCalls, gapNodes)) {
            leftCalls.addAll(gapCalls);
            leftNodes.addAll(gapNodes);
          }
        });
    byWork(leftCalls, leftNodes);
  }

  private List<Integer> places(int from, int to, boolean areProducts) {
    return IntStream.range(from, to)
        .filter(i -> calls.get(i).isProduct() == areProducts)
        .boxed()
        .toList();
  }

  private boolean isLike(Call call, Node node) {
    if (call.name().equals(TorchOp.CUDA_GRAPH)) {
      return false; // stands for several nodes
    }
    boolean isConvolution = TorchOp.plain(call.name()).contains("conv");
    return call.macs() > 0
        ? call.macs() == work(node)
        : isConvolution == node.op().contains("Conv");
  }

  /** Shares the nodes between two sure pairs out among the calls there; false if it cannot. */
  private boolean share(List<Integer> some, List<Node> these) {
    if (some.isEmpty() || these.isEmpty()) {
      return some.isEmpty() && these.isEmpty();
    }
    boolean isKnown = some.stream().allMatch(at -> calls.get(at).macs() > 0);
    double asked = some.stream().mapToDouble(at -> calls.get(at).macs()).sum();
    double given = these.stream().mapToDouble(this::work).sum();
    if (some.size() == 1 && (!isKnown || asked == given)) {
      owned.put(some.get(0), these);
      return true;
    }
    if (!isKnown || asked != given) {
      return false;
    }
    int from = 0;
    Map<Integer, List<Node>> shares = new HashMap<>();
    for (int at : some) {
      double work = 0;
      int to = from;
      while (to < these.size() && work < calls.get(at).macs()) {
        work += work(these.get(to++));
      }
      if (work != calls.get(at).macs()) {
        owned.put(some.get(0), these);
        groups.put(some.get(0), some);
        return true;
      }
      shares.put(at, these.subList(from, to));
      from = to;
    }
    owned.putAll(shares);
    return true;
  }

  /** What ran in another order: one of its work is sure, several are a group. */
  private void byWork(List<Integer> some, List<Node> these) {
    Map<Double, List<Integer>> byWork = new LinkedHashMap<>();
    some.forEach(
        at -> byWork.computeIfAbsent(calls.get(at).macs(), any -> new ArrayList<>()).add(at));
    byWork.forEach(
        (work, alike) -> {
          List<Node> same = these.stream().filter(node -> work(node) == work).toList();
          if (same.size() == alike.size()) {
            owned.put(alike.get(0), same);
            if (alike.size() > 1) {
              groups.put(alike.get(0), alike);
            }
          }
        });
  }

  /** Joins the operators between two products by their kinds. */
  private void between() {
    Map<Node, Integer> places = new HashMap<>();
    nodes.forEach(node -> places.put(node, places.size()));
    int call = 0;
    int place = 0;
    for (int i = 0; i <= calls.size(); i++) {
      boolean isEnd = i == calls.size();
      List<Node> own = isEnd ? List.of() : owned.getOrDefault(i, List.of());
      if (own.isEmpty() && !isEnd) {
        continue;
      }
      int next = isEnd ? nodes.size() : places.getOrDefault(own.get(0), 0);
      if (next >= place) {
        kinds(call, i, nodes.subList(place, next));
        place = next + 1;
      }
      call = i + 1;
    }
  }

  private void kinds(int from, int to, List<Node> these) {
    List<List<Node>> origins = new ArrayList<>();
    String last = "";
    for (Node node : these.stream().filter(one -> work(one) == 0).toList()) {
      String origin = node.metadata().getOrDefault(ORIGIN, node.name());
      if (!origin.equals(last)) {
        origins.add(new ArrayList<>());
        last = origin;
      }
      origins.get(origins.size() - 1).add(node);
    }
    align(
        places(from, to, false),
        origins,
        (at, ofOne) -> kind(calls.get(at).name()).equals(kind(ofOne.get(0))),
        owned::put,
        (gapCalls, gapOrigins) -> {
          List<Integer> rest =
              gapCalls.stream().filter(at -> conversion(calls.get(at).name()).isEmpty()).toList();
          List<Node> left = gapOrigins.stream().flatMap(List::stream).toList();
          if (!rest.isEmpty() && !left.isEmpty()) {
            owned.put(rest.get(0), left); // written with other operators, such as SiLU
            groups.put(rest.get(0), rest);
          }
        });
  }

  /** What ONNX calls an operator that only changes the form of a value; nothing for another. */
  private static Optional<String> conversion(String name) {
    return CONVERSIONS.entrySet().stream()
        .filter(one -> one.getKey().matcher(TorchOp.plain(name)).matches())
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private static String kind(Node node) {
    Matcher target = TARGET.matcher(node.metadata().getOrDefault(ORIGIN, ""));
    return kind(target.find() ? target.group(1) : node.op());
  }

  private static String kind(String name) {
    String plain = TorchOp.plain(name);
    return KINDS.stream()
        .filter(kind -> kind.matcher(plain).find())
        .findFirst()
        .map(Pattern::pattern)
        .orElseGet(() -> plain.replaceAll("[_\\d]", ""));
  }

  /**
   * Aligns two lists by a longest common subsequence.
   *
   * @param pair receives what both have in common, in order
   * @param gap receives what only either has, before each pair and at the end; may be empty
   */
  private static <A, B> void align(
      List<A> some,
      List<B> others,
      BiPredicate<A, B> same,
      BiConsumer<A, B> pair,
      BiConsumer<List<A>, List<B>> gap) {
    int[][] longest = new int[some.size() + 1][others.size() + 1];
    for (int i = some.size() - 1; i >= 0; i--) {
      for (int j = others.size() - 1; j >= 0; j--) {
        longest[i][j] =
            same.test(some.get(i), others.get(j))
                ? longest[i + 1][j + 1] + 1
                : Math.max(longest[i + 1][j], longest[i][j + 1]);
      }
    }
    int i = 0;
    int j = 0;
    int from = 0;
    int fromOther = 0;
    while (i < some.size() && j < others.size()) {
      if (same.test(some.get(i), others.get(j))) {
        gap.accept(some.subList(from, i), others.subList(fromOther, j));
        pair.accept(some.get(i), others.get(j));
        from = ++i;
        fromOther = ++j;
      } else if (longest[i + 1][j] >= longest[i][j + 1]) {
        i++;
      } else {
        j++;
      }
    }
    gap.accept(some.subList(from, some.size()), others.subList(fromOther, others.size()));
  }

  /** A normalisation that the export folded into the convolution before it is part of that one. */
  private void folded() {
    int product = -1;
    for (int i = 0; i < calls.size(); i++) {
      Call call = calls.get(i);
      if (call.isProduct()) {
        product = owned.containsKey(i) && !groups.containsKey(i) ? i : -1;
      } else if (product >= 0 && !owned.containsKey(i) && kind(call.name()).equals(FOLDED)) {
        groups.put(product, List.of(product, i));
      }
    }
  }

  private List<Kernel> kernels(int first) {
    Set<Integer> merged = new HashSet<>();
    groups.values().forEach(group -> merged.addAll(group.subList(1, group.size())));
    List<Kernel> kernels = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      if (!merged.contains(i)) {
        List<Call> group = groups.getOrDefault(i, List.of(i)).stream().map(calls::get).toList();
        String own = calls.get(i).name();
        List<Double> seconds = new ArrayList<>();
        for (int pass = first; pass < calls.get(i).seconds().size(); pass++) {
          int at = pass;
          seconds.add(group.stream().mapToDouble(call -> call.seconds().get(at)).sum());
        }
        kernels.add(
            new Kernel(
                name(group),
                group.size() > 1 ? own : conversion(own).orElse(own),
                -1,
                owned.getOrDefault(i, List.of()).stream().map(Node::name).toList(),
                List.of(),
                seconds));
      }
    }
    return kernels;
  }

  private static String name(List<Call> group) {
    List<String> names = group.stream().map(Call::name).distinct().toList();
    return (names.size() < group.size() ? group.size() + " x " : "") + String.join(" + ", names);
  }
}
