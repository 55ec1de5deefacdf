package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import java.util.List;

/** DenseNet-121 (Huang et al. 2016) from DJL's blocks; DJL's model zoo has none. */
final class DenseNet {
  private static final int GROWTH = 32;

  private DenseNet() {}

  static Block of121() {
    SequentialBlock net =
        new SequentialBlock()
            .add(conv(64, 7, 2, 3))
            .add(BatchNorm.builder().build())
            .add(Activation.reluBlock())
            .add(Pool.maxPool2dBlock(new Shape(3, 3), new Shape(2, 2), new Shape(1, 1)));
    int channels = 64;
    int[] depths = {6, 12, 24, 16};
    for (int stage = 0; stage < depths.length; stage++) {
      for (int layer = 0; layer < depths[stage]; layer++) {
        net.add(denseLayer());
        channels += GROWTH;
      }
      if (stage < depths.length - 1) {
        channels /= 2;
        activated(net).add(conv(channels, 1, 1, 0));
        net.add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)));
      }
    }
    return activated(net)
        .add(Pool.globalAvgPool2dBlock())
        .add(Linear.builder().setUnits(1000).build());
  }

  private static Block denseLayer() {
    SequentialBlock layer = activated(new SequentialBlock()).add(conv(4 * GROWTH, 1, 1, 0));
    activated(layer).add(conv(GROWTH, 3, 1, 1));
    return new ParallelBlock(
        parts ->
            new NDList(
                NDArrays.concat(
                    new NDList(parts.get(0).singletonOrThrow(), parts.get(1).singletonOrThrow()),
                    1)),
        List.of(Blocks.identityBlock(), layer));
  }

  private static SequentialBlock activated(SequentialBlock block) {
    return block.add(BatchNorm.builder().build()).add(Activation.reluBlock());
  }

  private static Block conv(int filters, int kernel, int stride, int padding) {
    return Conv2d.builder()
        .setFilters(filters)
        .setKernelShape(new Shape(kernel, kernel))
        .optStride(new Shape(stride, stride))
        .optPadding(new Shape(padding, padding))
        .optBias(false)
        .build();
  }
}
