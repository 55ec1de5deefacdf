package dev.flopmeter.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The stored tensors behind a value that is computed before the first run: a weight that is
 * renamed, transposed, widened, joined with others or quantised is still that weight, and counts as
 * a parameter once. Immutable; tensors are compared by identity.
 */
public final class Origins {
  /** Computed from nothing stored, such as a shape or a range. */
  public static final Origins NONE = new Origins(List.of(), false);

  /** How the data of a tensor entered a value; the strongest role wins. */
  private enum Role {
    /** Filled with one number by the model itself; a weight only in a weight slot. */
    FILLED,
    /** Stored, and broadcast to a wider tensor: a scale, if the result is rounded. */
    BROADCAST,
    STORED,
    /** Read through a slot for weights, with any type and size. */
    WEIGHT
  }

  private record Part(Tensor tensor, Role role) {}

  private final List<Part> parts;

  /** Whether the value is quantised; then its other operands are scales and zero points. */
  private final boolean isRounded;

  private Origins(List<Part> parts, boolean isRounded) {
    this.parts = parts;
    this.isRounded = isRounded;
  }

  /** The origins of a stored tensor. */
  public static Origins stored(Tensor tensor) {
    return new Origins(List.of(new Part(tensor, Role.STORED)), false);
  }

  /** The origins of a tensor that the model fills with one number instead of storing it. */
  public static Origins filled(Tensor tensor) {
    return new Origins(List.of(new Part(tensor, Role.FILLED)), false);
  }

  /**
   * The origins of the outputs of {@code in}'s node.
   *
   * @param known the origins of its inputs; null for those not computed before the first run
   */
  public static Origins through(Operands in, Function<String, @Nullable Origins> known) {
    List<Integer> slots = new ArrayList<>(1);
    boolean isQuantised = false;
    long widest = 0;
    for (int i = 0; i < in.inputCount(); i++) {
      Origins origins = in.has(i) ? known.apply(in.node().inputs().get(i)) : null;
      if (origins != null && InputRoles.isData(in.node(), i)) {
        slots.add(i);
        isQuantised |= origins.isRounded;
        widest = Math.max(widest, elements(in, i));
      }
    }
    boolean rounds = rounds(in);
    boolean isElementwise = OperatorTrait.ELEMENTWISE.of(in.node());
    IdentityHashMap<Tensor, Role> roles = new IdentityHashMap<>();
    for (int i : slots) {
      Origins origins = Objects.requireNonNull(known.apply(in.node().inputs().get(i)));
      boolean isWidened = isElementwise && elements(in, i) < widest;
      boolean isNumber = isWidened && elements(in, i) == 1;
      boolean isScale = isWidened && isQuantised && !origins.isRounded;
      if (!isNumber && !isScale) {
        boolean isWeight = InputRoles.isWeight(in.node(), i);
        for (Part part : origins.parts) {
          Role role = changed(part.role(), isWidened, isWeight);
          if (!rounds || role.compareTo(Role.STORED) >= 0) {
            roles.merge(part.tensor(), role, (a, b) -> a.compareTo(b) > 0 ? a : b);
          }
        }
      }
    }
    List<Part> parts = new ArrayList<>(roles.size());
    roles.forEach((tensor, role) -> parts.add(new Part(tensor, role)));
    return new Origins(Collections.unmodifiableList(parts), isQuantised || rounds);
  }

  private static long elements(Operands in, int index) {
    return in.knownType(index).map(TensorType::elements).orElse(0L);
  }

  private static boolean rounds(Operands in) {
    boolean becomesInteger =
        in.knownType(0).map(type -> type.type().isFloat()).orElse(false)
            && in.node().qualifiedOp().equals("Cast")
            && in.knownOutput(0).map(type -> type.type().isInteger()).orElse(false);
    return becomesInteger || OperatorTrait.ROUNDING.of(in.node());
  }

  private static Role changed(Role role, boolean isWidened, boolean isWeight) {
    if (role != Role.STORED) {
      return role;
    }
    return isWeight ? Role.WEIGHT : isWidened ? Role.BROADCAST : role;
  }

  /** The number of these tensors. */
  public int size() {
    return parts.size();
  }

  /**
   * Adds to {@code learned} the tensors that count as parameters of an operator reading this value.
   *
   * @param isWeight whether it reads the value through a slot for weights
   */
  public void addLearned(boolean isWeight, Set<Tensor> learned) {
    for (Part part : parts) {
      DataType type = part.tensor().type().type();
      boolean isSlot = isWeight || part.role() == Role.WEIGHT;
      boolean isLearned =
          isSlot
              ? type.isFloat() || (type.isInteger() && type.bits() <= 32) // int64 is for shapes
              : part.role() != Role.FILLED && type.isFloat() && part.tensor().elements() > 1;
      if (isLearned) {
        learned.add(part.tensor());
      }
    }
  }
}
