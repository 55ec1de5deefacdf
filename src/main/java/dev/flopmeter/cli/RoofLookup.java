package dev.flopmeter.cli;

import dev.flopmeter.device.MeasuredRoofs;
import dev.flopmeter.device.RoofCache;
import dev.flopmeter.measure.Progress;
import dev.flopmeter.measure.RoofProber;
import dev.flopmeter.result.Precision;
import dev.flopmeter.run.Backend;
import dev.flopmeter.text.IoReason;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The measured roofs of a backend's device: from the cache, or measured now and stored there. */
record RoofLookup(Backend backend, Optional<RoofCache> cache, Console console) {

  static RoofLookup ofUser(Backend backend, Console console) {
    try {
      return new RoofLookup(backend, Optional.of(RoofCache.ofUser()), console);
    } catch (IOException e) {
      warn(console, e);
      return new RoofLookup(backend, Optional.empty(), console);
    }
  }

  /**
   * The roofs, measured if the cache lacks one of these precisions, or the memory levels that
   * earlier versions did not measure; null for an emulated device, whose rates are not valid.
   */
  @Nullable MeasuredRoofs of(List<Precision> precisions, Progress progress) {
    if (backend.device().isEmulated()) {
      return null;
    }
    Optional<MeasuredRoofs> cached = cached();
    List<Precision> missing =
        precisions.stream()
            .filter(one -> RoofProber.isMeasurable(backend.device(), one))
            .filter(one -> cached.isEmpty() || !cached.get().found().containsKey(one.label()))
            .toList();
    return highest(
        missing.isEmpty() && cached.isPresent() && !cached.get().levels().isEmpty()
            ? cached.get()
            : kept(measure(missing, progress)));
  }

  /** Includes the rates of other backends: a roof belongs to the device, not to a library. */
  private MeasuredRoofs highest(MeasuredRoofs own) {
    MeasuredRoofs highest = own;
    for (Backends.Kind kind : Backends.Kind.values()) {
      MeasuredRoofs before = highest;
      highest =
          cache
              .flatMap(roofs -> roofs.read(kind.label(), backend.device()))
              .map(before::highest)
              .orElse(before);
    }
    return highest;
  }

  /**
   * Measures again and stores the result; other precisions in the cache stay unchanged. Null for an
   * emulated device.
   */
  @Nullable MeasuredRoofs remeasured(List<Precision> precisions, Progress progress) {
    if (backend.device().isEmulated()) {
      return null;
    }
    MeasuredRoofs fresh = measure(precisions, progress);
    kept(fresh);
    return fresh;
  }

  private Optional<MeasuredRoofs> cached() {
    return cache.flatMap(
        roofs -> roofs.read(backend.name(), backend.device(), RoofProber.versions(backend)));
  }

  private MeasuredRoofs measure(List<Precision> precisions, Progress progress) {
    return new RoofProber(backend, System::nanoTime, Clock.systemUTC())
        .measure(precisions, progress);
  }

  /** Stores these roofs with those of other precisions; returns all. */
  private MeasuredRoofs kept(MeasuredRoofs fresh) {
    MeasuredRoofs all = cached().map(old -> old.with(fresh)).orElse(fresh);
    try {
      if (cache.isPresent()) {
        cache.get().write(backend.name(), backend.device(), all);
      }
    } catch (IOException e) {
      warn(console, e);
    }
    return all;
  }

  private static void warn(Console console, IOException e) {
    console.warn(
        "warning: the measured roofs cannot be stored, so every profile measures them again: "
            + IoReason.of(e)
            + (e instanceof FileSystemException failed ? " (" + failed.getFile() + ")" : "")
            + "; set XDG_CACHE_HOME to a folder that can be written");
  }
}
