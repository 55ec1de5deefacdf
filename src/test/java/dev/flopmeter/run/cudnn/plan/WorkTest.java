package dev.flopmeter.run.cudnn.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Java 17 does not check that all kinds of a sealed type are handled: another kind needs a case.
 */
class WorkTest {
  /**
   * {@code Preparation.prepare} treats everything that is not a kernel as work of cuDNN's graph
   * API.
   */
  @Test
  void isAKernelOrAGraph() {
    assertThat(Work.class.getPermittedSubclasses())
        .containsExactlyInAnyOrder(GraphWork.class, KernelWork.class);
  }

  /** {@code Spelling.all} treats everything that is none of the others as attention. */
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
