package dev.flopmeter.live;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A workload's own meters in one registry; closing removes only these. If the same labels are
 * registered again, a registry returns the meter that it has; if a filter denies a meter, it
 * returns one that does nothing.
 */
final class Binding {
  private final MeterRegistry registry;
  private final Set<Meter> before;
  private final Set<Meter> own = ConcurrentHashMap.newKeySet();
  private final List<Runnable> onClose = new ArrayList<>();

  /** A binding to the registry as it is now. */
  Binding(MeterRegistry registry) {
    this.registry = registry;
    this.before = Collections.newSetFromMap(new IdentityHashMap<>());
    before.addAll(registry.getMeters());
  }

  MeterRegistry registry() {
    return registry;
  }

  /** The registries that store meters: the members of a composite, or this one. */
  List<Binding> leaves() {
    if (!(registry instanceof CompositeMeterRegistry composite)) {
      return List.of(this);
    }
    return composite.getRegistries().stream()
        .flatMap(child -> new Binding(child).leaves().stream())
        .toList();
  }

  /** Keeps a meter to remove it on closing; false if the registry had it before. */
  boolean owns(Meter meter) {
    if (before.contains(meter)) {
      return false;
    }
    own.add(meter);
    return true;
  }

  /** The labels of a later registered meter of this type; null if there is none. */
  Meter.@Nullable Id firstNew(Class<? extends Meter> type) {
    return registry.getMeters().stream()
        .filter(meter -> type.isInstance(meter) && !before.contains(meter))
        .filter(meter -> meter.getId().getName().startsWith("flopmeter."))
        .map(Meter::getId)
        .findFirst()
        .orElse(null);
  }

  /** Adds an action for when the binding is closed. */
  void onClose(Runnable action) {
    onClose.add(action);
  }

  /** Removes the binding's meters from the registry. */
  void close() {
    own.forEach(registry::remove);
    onClose.forEach(Runnable::run);
  }
}
