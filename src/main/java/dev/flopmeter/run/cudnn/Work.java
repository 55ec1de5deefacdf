package dev.flopmeter.run.cudnn;

/** What a step does on the device, as data: decided without a device, made ready on one. */
sealed interface Work
    permits ConvolutionWork,
        TransposedConvolutionWork,
        PoolingWork,
        SoftmaxWork,
        ActivationWork,
        LrnWork,
        ProductWork,
        AttentionWork,
        KernelWork {}
