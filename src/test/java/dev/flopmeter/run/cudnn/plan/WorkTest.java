package dev.flopmeter.run.cudnn.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Java 17 does not see whether all kinds of a sealed type are treated: another one needs a case.
 */
class WorkTest {
  /** {@code Preparation.prepare} takes what is no kernel for work of cuDNN's graph API. */
  @Test
  void isAKernelOrAGraph() {
    assertThat(Work.class.getPermittedSubclasses())
        .containsExactlyInAnyOrder(GraphWork.class, KernelWork.class);
  }

  /** {@code Spelling.all} takes what is none of the others for attention. */
  @Test
  void ofGraphsHasFiveKinds() {
    assertThat(GraphWork.class.getPermittedSubclasses())
        .containsExactlyInAnyOrder(
            AttentionWork.class,
            ConvolutionWork.class,
            NormalizationWork.class,
            PoolingWork.class,
            ProductWork.class);
  }
}
