package dev.flopmeter.cli;

import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.RoofCache;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.RoofProber;
import dev.flopmeter.run.Backend;
import dev.flopmeter.run.Precision;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The measured roofs of a backend's device: from the cache, or measured now and put there. */
record RoofLookup(Backend backend, RoofCache cache, PrintWriter err) {

  static RoofLookup ofUser(Backend backend, PrintWriter err) {
    return new RoofLookup(
        backend,
        RoofCache.ofUser(System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home")),
        err);
  }

  /**
   * The roofs, measured where the cache lacks one of these precisions; null for an emulated device,
   * whose rates mean nothing.
   */
  @Nullable MeasuredRoofs of(List<Precision> precisions, Progress progress) {
    if (backend.device().isEmulated()) {
      return null;
    }
    Optional<MeasuredRoofs> cached = cached();
    List<Precision> missing = new ArrayList<>(precisions);
    cached.ifPresent(
        roofs -> missing.removeIf(precision -> roofs.found().containsKey(precision.label())));
    if (missing.isEmpty() && cached.isPresent()) {
      return cached.get();
    }
    MeasuredRoofs fresh = measure(missing, progress);
    MeasuredRoofs all = cached.map(old -> old.with(fresh)).orElse(fresh);
    store(all);
    return all;
  }

  /** Measures anew and stores it; other precisions stay in the cache as they are. */
  MeasuredRoofs remeasured(List<Precision> precisions, Progress progress) {
    MeasuredRoofs fresh = measure(precisions, progress);
    if (!backend.device().isEmulated()) {
      store(cached().map(old -> old.with(fresh)).orElse(fresh));
    }
    return fresh;
  }

  private Optional<MeasuredRoofs> cached() {
    return cache.read(backend.name(), backend.device(), RoofProber.versions(backend));
  }

  private MeasuredRoofs measure(List<Precision> precisions, Progress progress) {
    return new RoofProber(backend, System::nanoTime, Clock.systemUTC())
        .measure(precisions, progress);
  }

  private void store(MeasuredRoofs roofs) {
    try {
      cache.write(backend.name(), backend.device(), roofs);
    } catch (IOException e) {
      err.println(
          "flopmeter: warning: the roofs could not be kept: "
              + e
              + "; set XDG_CACHE_HOME to a directory that can be written");
    }
  }
}
