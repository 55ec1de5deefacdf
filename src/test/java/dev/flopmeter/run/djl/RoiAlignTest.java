package dev.flopmeter.run.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.flopmeter.model.DenseTensor;
import dev.flopmeter.model.Shape;
import dev.flopmeter.model.Tensor;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RoiAlign, compared with ONNX's definition, sample by sample. */
class RoiAlignTest {
  private static final int CHANNELS = 3;
  private static final int HEIGHT = 11;
  private static final int WIDTH = 17;
  private static final int BINS = 2;

  private final Random random = new Random(7);

  /** One bin at a time; a sampling ratio of 0 means one sample per pixel. */
  private record Definition(float[] image, boolean isMean, boolean isShifted, int sampled) {

    double bin(float[] box, int batch, int channel, int row, int column) {
      double shift = isShifted ? 0.5 : 0;
      double[] start = {box[1] - shift, box[0] - shift};
      double[] extent = {box[3] - box[1], box[2] - box[0]};
      int[] counts = new int[2];
      for (int axis = 0; axis < 2; axis++) {
        extent[axis] = isShifted ? extent[axis] : Math.max(extent[axis], 1);
        counts[axis] = sampled > 0 ? sampled : (int) Math.ceil(extent[axis] / BINS);
      }
      double result = isMean ? 0 : Double.NEGATIVE_INFINITY;
      for (int i = 0; i < counts[0]; i++) {
        for (int j = 0; j < counts[1]; j++) {
          double y = start[0] + extent[0] / BINS * (row + (i + 0.5) / counts[0]);
          double x = start[1] + extent[1] / BINS * (column + (j + 0.5) / counts[1]);
          double[] parts = parts(batch, channel, y, x);
          for (double part : parts) {
            result = isMean ? result + part : Math.max(result, part);
          }
        }
      }
      return isMean ? result / Math.max(1, counts[0] * counts[1]) : result;
    }

    /**
     * The weighted sum of the four pixels around a position; 0 if it is more than a pixel outside
     * the image.
     */
    private double[] parts(int batch, int channel, double y, double x) {
      if (y < -1 || y > HEIGHT || x < -1 || x > WIDTH) {
        return new double[4];
      }
      double v = Math.max(0, Math.min(HEIGHT - 1, y));
      double h = Math.max(0, Math.min(WIDTH - 1, x));
      int top = (int) v;
      int left = (int) h;
      int bottom = Math.min(top + 1, HEIGHT - 1);
      int right = Math.min(left + 1, WIDTH - 1);
      double down = v - top;
      double along = h - left;
      return new double[] {
        (1 - down) * (1 - along) * pixel(batch, channel, top, left),
        (1 - down) * along * pixel(batch, channel, top, right),
        down * (1 - along) * pixel(batch, channel, bottom, left),
        down * along * pixel(batch, channel, bottom, right)
      };
    }

    private double pixel(int batch, int channel, int row, int column) {
      return image[((batch * CHANNELS + channel) * HEIGHT + row) * WIDTH + column];
    }
  }

  @ParameterizedTest
  @CsvSource({
    "avg, half_pixel, 0",
    "avg, half_pixel, 2",
    "avg, output_half_pixel, 0",
    "avg, output_half_pixel, 3",
    "max, half_pixel, 0",
    "max, output_half_pixel, 2"
  })
  void everyBinIsTheMeanOrMaximumOfItsSamples(String mode, String coordinates, int sampled) {
    int boxes = 37;
    float[] image = numbers(2 * CHANNELS * HEIGHT * WIDTH, -1, 1);
    float[] corners = new float[4 * boxes];
    long[] images = new long[boxes];
    for (int r = 0; r < boxes; r++) {
      float[] box = numbers(4, -4, 12); // some start or end outside the image
      System.arraycopy(
          new float[] {box[0], box[1], box[0] + 5 + box[2], box[1] + 5 + box[3]},
          0,
          corners,
          4 * r,
          4);
      images[r] = r % 2;
    }
    Tensor pooled;
    try (DjlBackend backend = DjlBackend.open()) {
      pooled =
          OneNode.of("RoiAlign")
              .data(DenseTensor.ofFloats(Shape.of(2, CHANNELS, HEIGHT, WIDTH), image))
              .data(DenseTensor.ofFloats(Shape.of(boxes, 4), corners))
              .data(Tensor.ofLongs(images))
              .with("mode", mode)
              .with("coordinate_transformation_mode", coordinates)
              .with("output_height", (long) BINS)
              .with("output_width", (long) BINS)
              .with("sampling_ratio", (long) sampled)
              .run(backend);
    }
    Definition definition =
        new Definition(image, mode.equals("avg"), coordinates.equals("half_pixel"), sampled);
    double[] expected = new double[(int) pooled.elements()];
    for (int i = 0; i < expected.length; i++) {
      int r = i / (CHANNELS * BINS * BINS);
      int channel = i / (BINS * BINS) % CHANNELS;
      float[] box = Arrays.copyOfRange(corners, 4 * r, 4 * r + 4);
      expected[i] = definition.bin(box, r % 2, channel, i / BINS % BINS, i % BINS);
    }
    assertThat(pooled.toDoubles()).containsExactly(expected, within(1e-5));
  }

  private float[] numbers(int count, double low, double high) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) (low + (high - low) * random.nextDouble());
    }
    return numbers;
  }
}
