package dev.flopmeter.run.cudnn.plan;

/** What a step does on the device, as data: decided without a device, prepared on one. */
public sealed interface Work
    permits ConvolutionWork,
        TransposedConvolutionWork,
        PoolingWork,
        ProductWork,
        AttentionWork,
        KernelWork {
  /** What is made of each kind of work. A new kind does not compile until every reader has it. */
  interface Cases<T> {
    T convolution(ConvolutionWork work);

    T transposedConvolution(TransposedConvolutionWork work);

    T pooling(PoolingWork work);

    T product(ProductWork work);

    T attention(AttentionWork work);

    T kernel(KernelWork work);
  }

  /** Calls the case of this kind. */
  <T> T match(Cases<T> cases);
}
