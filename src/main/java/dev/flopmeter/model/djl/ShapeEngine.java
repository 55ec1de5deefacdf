package dev.flopmeter.model.djl;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import org.jspecify.annotations.Nullable;

/**
 * The engine of {@link ShapeArrayFactory}, because code asks a manager for its engine's name and
 * default device. It is not registered and computes nothing.
 */
final class ShapeEngine extends Engine {
  private final ShapeArrayFactory manager;

  ShapeEngine(ShapeArrayFactory manager) {
    this.manager = manager;
  }

  @Override
  public @Nullable Engine getAlternativeEngine() {
    return null;
  }

  @Override
  public String getEngineName() {
    return "flopmeter-shapes";
  }

  @Override
  public int getRank() {
    return Integer.MAX_VALUE;
  }

  @Override
  public String getVersion() {
    return "1";
  }

  @Override
  public boolean hasCapability(String capability) {
    return false;
  }

  @Override
  public Device defaultDevice() {
    return Device.cpu();
  }

  @Override
  public Model newModel(String name, Device device) {
    throw new UnsupportedOperationException("Engine.newModel");
  }

  @Override
  public NDManager newBaseManager() {
    return manager;
  }

  @Override
  public NDManager newBaseManager(Device device) {
    return manager;
  }
}
