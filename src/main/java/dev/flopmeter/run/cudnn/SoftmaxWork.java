package dev.flopmeter.run.cudnn;

/** Softmax over the middle axis of x seen as outer x length x inner. */
record SoftmaxWork(View x, View y, long outer, long length, long inner, boolean log)
    implements Work {}
