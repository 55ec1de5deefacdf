package dev.flopmeter.report.html;

import dev.flopmeter.result.ProfileResult;
import dev.flopmeter.result.ProfileResult.Layer;
import dev.flopmeter.result.ProfileResult.Time;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The values that the table of all layers shows besides the fields of a layer. */
final class Layers {
  private Layers() {}

  /** The median of the longest-running layer, in seconds; 0 without layers. */
  static double longest(ProfileResult result) {
    return result.layers().stream().mapToDouble(layer -> layer.time().median()).max().orElse(0);
  }

  static @Nullable Double spread(Layer layer) {
    Time time = layer.time();
    return time.median() > 0 ? (time.q3() - time.q1()) / time.median() : null;
  }

  static String kernel(Layer layer) {
    String mark = layer.asRun() == null ? null : "work as run";
    return Stream.of(
            layer.kernel().algorithm(), layer.kernel().layout(), layer.kernel().math(), mark)
        .filter(Objects::nonNull)
        .collect(Collectors.joining(", "));
  }
}
