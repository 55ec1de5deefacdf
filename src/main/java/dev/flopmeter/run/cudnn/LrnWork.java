package dev.flopmeter.run.cudnn;

/** Local response normalisation across channels, NCHW. */
record LrnWork(View x, View y, int size, double alpha, double beta, double k) implements Work {}
