package dev.flopmeter.model.djl;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.basicmodelzoo.basic.Mlp;
import ai.djl.basicmodelzoo.cv.classification.AlexNet;
import ai.djl.basicmodelzoo.cv.classification.GoogLeNet;
import ai.djl.basicmodelzoo.cv.classification.MobileNetV2;
import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.basicmodelzoo.cv.classification.SqueezeNet;
import ai.djl.basicmodelzoo.cv.classification.VGG;
import ai.djl.ndarray.types.DataDesc;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.transformer.BertBlock;
import dev.flopmeter.Flopmeter;
import dev.flopmeter.count.Counts;
import org.junit.jupiter.api.Test;

/**
 * The multiply-accumulates of the networks of DJL's model zoo, written out by layer or taken from
 * published papers and tables. None of their blocks is initialized.
 */
class DjlNetworksTest {
  private static final Shape IMAGE = new Shape(1, 3, 224, 224);

  private static long macs(Block block, Shape input) {
    Counts counts = Flopmeter.count(block, input);
    assertThat(counts.uncounted()).isEmpty();
    return counts.totals().macs();
  }

  /** A convolution with a square kernel on square images. */
  private static long conv(long in, long out, long kernel, long size) {
    return in * out * kernel * kernel * size * size;
  }

  private static Block resNet(int layers) {
    return ResNetV1.builder()
        .setNumLayers(layers)
        .setOutSize(1000)
        .setImageShape(new Shape(3, 224, 224))
        .build();
  }

  /** DJL's units are bottlenecks at every depth, with the stride on the first 1x1 convolution. */
  private static long resNet(long[] widths, int... units) {
    long sum = conv(3, 64, 7, 112);
    long in = 64;
    for (int stage = 0; stage < 4; stage++) {
      long out = widths[stage];
      long middle = out / 4;
      long size = 56 >> stage;
      for (int unit = 0; unit < units[stage]; unit++) {
        sum += conv(in, middle, 1, size) + conv(middle, middle, 3, size);
        sum += conv(middle, out, 1, size);
        sum += unit == 0 ? conv(in, out, 1, size) : 0;
        in = out;
      }
    }
    return sum + in * 1000;
  }

  @Test
  void resNet50HasThe3Point8BillionOfThePaper() {
    long expected = resNet(new long[] {256, 512, 1024, 2048}, 3, 4, 6, 3);
    assertThat(expected).isEqualTo(3_857_973_248L);
    assertThat(macs(resNet(50), IMAGE)).isEqualTo(expected);
  }

  @Test
  void resNet50HasItsParametersAndThoseOfItsBiases() {
    // torchvision's 25557032, and a bias on both 1x1 convolutions of each of 3+4+6+3 units
    long biases = 3 * (64 + 256) + 4 * (128 + 512) + 6 * (256 + 1024) + 3 * (512 + 2048);
    assertThat(Flopmeter.count(resNet(50), IMAGE).totals().params())
        .isEqualTo(25_557_032L + biases);
  }

  @Test
  void resNet18() {
    assertThat(macs(resNet(18), IMAGE))
        .isEqualTo(resNet(new long[] {64, 128, 256, 512}, 2, 2, 2, 2));
  }

  @Test
  void theBatchMultiplies() {
    Shape four = new Shape(4, 3, 224, 224);
    assertThat(macs(resNet(18), four)).isEqualTo(4 * macs(resNet(18), IMAGE));
  }

  @Test
  void mobileNetV2() {
    long[] out = {16, 24, 32, 64, 96, 160, 320};
    long[] repeats = {1, 2, 3, 4, 3, 3, 1};
    long[] strides = {1, 2, 2, 2, 1, 2, 1};
    // Unlike in the paper, DJL's first convolution is 1x1.
    long sum = conv(3, 32, 1, 112);
    long in = 32;
    long size = 112;
    for (int stage = 0; stage < out.length; stage++) {
      long wide = stage == 0 ? 1 : 6;
      for (int i = 0; i < repeats[stage]; i++) {
        long middle = in * wide;
        sum += conv(in, middle, 1, size);
        size /= i == 0 ? strides[stage] : 1;
        sum += middle * 9 * size * size;
        sum += conv(middle, out[stage], 1, size);
        in = out[stage];
      }
    }
    sum += conv(320, 1280, 1, 7) + 1280 * 1000;
    assertThat(macs(MobileNetV2.builder().setOutSize(1000).build(), IMAGE)).isEqualTo(sum);
  }

  @Test
  void vgg11HasTorchvisionsNumber() {
    assertThat(macs(VGG.builder().setOutSize(1000).build(), IMAGE)).isEqualTo(7_609_090_048L);
  }

  @Test
  void squeezeNetHasTorchvisionsNumbers() {
    Counts counts = Flopmeter.count(SqueezeNet.squeezenet(1000), IMAGE);
    assertThat(counts.totals().macs()).isEqualTo(349_151_936L);
    assertThat(counts.totals().params()).isEqualTo(1_235_496L);
  }

  @Test
  void alexNet() {
    long sum = conv(3, 96, 11, 54) + conv(96, 256, 5, 26);
    sum += conv(256, 384, 3, 12) + conv(384, 384, 3, 12) + conv(384, 256, 3, 12);
    sum += 256 * 5 * 5 * 4096L + 4096L * 4096 + 4096L * 10;
    assertThat(macs(AlexNet.builder().build(), IMAGE)).isEqualTo(sum);
  }

  private static long inception(
      long in, long size, long one, long[] three, long[] five, long pool) {
    return conv(in, one, 1, size)
        + conv(in, three[0], 1, size)
        + conv(three[0], three[1], 3, size)
        + conv(in, five[0], 1, size)
        + conv(five[0], five[1], 5, size)
        + conv(in, pool, 1, size);
  }

  private static long[] of(long... values) {
    return values;
  }

  @Test
  void googLeNet() {
    long sum = conv(3, 64, 7, 112) + conv(64, 64, 1, 56) + conv(64, 192, 3, 56);
    sum += inception(192, 28, 64, of(96, 128), of(16, 32), 32);
    sum += inception(256, 28, 128, of(128, 192), of(32, 96), 64);
    sum += inception(480, 14, 192, of(96, 208), of(16, 48), 64);
    sum += inception(512, 14, 160, of(112, 224), of(24, 64), 64);
    sum += inception(512, 14, 128, of(128, 256), of(24, 64), 64);
    sum += inception(512, 14, 112, of(144, 288), of(32, 64), 64);
    sum += inception(528, 14, 256, of(160, 320), of(32, 128), 128);
    sum += inception(832, 7, 256, of(160, 320), of(32, 128), 128);
    sum += inception(832, 7, 384, of(192, 384), of(48, 128), 128);
    sum += 1024 * 1000;
    assertThat(macs(GoogLeNet.builder().setOutSize(1000).build(), IMAGE)).isEqualTo(sum);
  }

  @Test
  void denseNet121HasTorchvisionsNumbers() {
    Counts counts = Flopmeter.count(DenseNet.of121(), IMAGE);
    assertThat(counts.totals().macs()).isEqualTo(2_834_161_664L);
    assertThat(counts.totals().params()).isEqualTo(7_978_856L);
  }

  @Test
  void mlp() {
    Block block = new Mlp(784, 10, new int[] {128, 64});
    Counts counts = Flopmeter.count(block, new Shape(32, 784));
    assertThat(counts.totals().macs()).isEqualTo(32 * (784 * 128 + 128 * 64 + 64 * 10));
    assertThat(counts.totals().params()).isEqualTo(785 * 128 + 129 * 64 + 65 * 10);
  }

  @Test
  void bertBaseAt128Tokens() {
    BertBlock bert =
        BertBlock.builder().base().optMaxSequenceLength(128).setTokenDictionarySize(30522).build();
    DataDesc ids = new DataDesc(new Shape(1, 128), DataType.INT64);
    Counts counts = Flopmeter.count(bert, ids, ids, ids);
    long tokens = 128;
    long width = 768;
    // queries, keys, values and their projection back; scores and their use; two wide layers
    long layer =
        4 * tokens * width * width + 2 * tokens * tokens * width + 2 * tokens * width * 4 * width;
    assertThat(12 * layer).as("the published 11.17 G").isEqualTo(11_173_625_856L);
    // and the pooled first token, and the mask, which DJL builds as a product of ones
    assertThat(counts.totals().macs()).isEqualTo(12 * layer + width * width + tokens * tokens);
    assertThat(counts.uncounted()).isEmpty();
  }
}
