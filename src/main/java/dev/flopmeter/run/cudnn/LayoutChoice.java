package dev.flopmeter.run.cudnn;

import dev.flopmeter.model.Graph;
import dev.flopmeter.run.RunOptions;
import java.util.function.Function;

/** In which format each image operator computes. */
final class LayoutChoice {
  private LayoutChoice() {}

  static Function<String, Format> of(Graph graph, RunOptions options) {
    Format format =
        switch (options.layout()) {
          case NCHW -> Format.PLAIN;
          case NHWC -> Format.CHANNELS_LAST;
          case AUTO ->
              switch (options.precision()) {
                case FP32, TF32 -> Format.PLAIN;
                case FP16, BF16 -> Format.CHANNELS_LAST;
              };
        };
    return node -> format;
  }
}
