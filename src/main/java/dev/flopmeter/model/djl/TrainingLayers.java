package dev.flopmeter.model.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import java.util.List;

/**
 * The methods of DJL's internal array interface that are no layers of a network's forward: steps of
 * optimizers, image augmentation, boxes. Each says its name.
 */
abstract class TrainingLayers implements NDArrayEx {
  private static UnsupportedOperationException unknown(String method) {
    return new UnsupportedOperationException("NDArrayEx." + method);
  }

  @Override
  public void adadeltaUpdate(
      NDList in, NDList weights, float decay, float scale, float clip, float rho, float epsilon) {
    throw unknown("adadeltaUpdate");
  }

  @Override
  public void adagradUpdate(
      NDList in, NDList weights, float rate, float decay, float scale, float clip, float epsilon) {
    throw unknown("adagradUpdate");
  }

  @Override
  public void adamUpdate(
      NDList in,
      NDList weights,
      float rate,
      float rateBiasCorrection,
      float decay,
      float scale,
      float clip,
      float beta1,
      float beta2,
      float epsilon,
      boolean lazy,
      boolean adamw) {
    throw unknown("adamUpdate");
  }

  @Override
  public void nagUpdate(
      NDList in, NDList weights, float rate, float decay, float scale, float clip, float momentum) {
    throw unknown("nagUpdate");
  }

  @Override
  public void rmspropUpdate(
      NDList in,
      NDList weights,
      float rate,
      float decay,
      float scale,
      float clip,
      float rho,
      float momentum,
      float epsilon,
      boolean centered) {
    throw unknown("rmspropUpdate");
  }

  @Override
  public void sgdUpdate(
      NDList in,
      NDList weights,
      float rate,
      float decay,
      float scale,
      float clip,
      float momentum,
      boolean lazy) {
    throw unknown("sgdUpdate");
  }

  @Override
  public NDArray interpolation(long[] size, int mode, boolean alignCorners) {
    throw unknown("interpolation");
  }

  @Override
  public NDArray resize(int width, int height, int interpolation) {
    throw unknown("resize");
  }

  @Override
  public NDArray randomFlipLeftRight() {
    throw unknown("randomFlipLeftRight");
  }

  @Override
  public NDArray randomFlipTopBottom() {
    throw unknown("randomFlipTopBottom");
  }

  @Override
  public NDArray randomBrightness(float brightness) {
    throw unknown("randomBrightness");
  }

  @Override
  public NDArray randomHue(float hue) {
    throw unknown("randomHue");
  }

  @Override
  public NDArray randomColorJitter(float brightness, float contrast, float saturation, float hue) {
    throw unknown("randomColorJitter");
  }

  @Override
  public NDList multiBoxTarget(
      NDList inputs,
      float overlap,
      float ignore,
      float negativeRatio,
      float negativeThreshold,
      int minNegatives) {
    throw unknown("multiBoxTarget");
  }

  @Override
  public NDList multiBoxPrior(
      List<Float> sizes, List<Float> ratios, List<Float> steps, List<Float> offsets, boolean clip) {
    throw unknown("multiBoxPrior");
  }

  @Override
  public NDList multiBoxDetection(
      NDList inputs,
      boolean clip,
      float threshold,
      int background,
      float overlap,
      boolean forceSuppress,
      int topK) {
    throw unknown("multiBoxDetection");
  }
}
