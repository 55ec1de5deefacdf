package dev.flopmeter.model.decompose;

/** ONNX's moves of square blocks between the channels and the plane of images. */
final class BlockOperators {
  private BlockOperators() {}

  static void addTo(BodyTable table) {
    table.put("DepthToSpace", BlockOperators::depthToSpace);
    table.put("SpaceToDepth", BlockOperators::spaceToDepth);
  }

  private static String depthToSpace(Body b) {
    long[] d = b.shape(0).dims();
    long block = b.attributes().integer("blocksize");
    long channels = d[1] / (block * block);
    return isColumnsFirst(b)
        ? moved(b, new long[] {d[0], channels, block, block, d[2], d[3]}, 0, 1, 4, 2, 5, 3)
        : moved(b, new long[] {d[0], block, block, channels, d[2], d[3]}, 0, 3, 4, 1, 5, 2);
  }

  private static String spaceToDepth(Body b) {
    long[] d = b.shape(0).dims();
    long block = b.attributes().integer("blocksize");
    long[] split = {d[0], d[1], d[2] / block, block, d[3] / block, block};
    return isColumnsFirst(b)
        ? moved(b, split, 0, 1, 3, 5, 2, 4)
        : moved(b, split, 0, 3, 5, 1, 2, 4);
  }

  private static boolean isColumnsFirst(Body b) {
    return b.text("mode", "DCR").equals("CRD");
  }

  private static String moved(Body b, long[] split, long... order) {
    String turned = b.transposed(b.reshaped(b.input(0), split), order);
    return b.reshaped(turned, b.in().output(0).shape().dims());
  }
}
