package dev.flopmeter.result;

import java.util.Locale;
import tools.jackson.databind.PropertyNamingStrategies.NamingBase;

/** {@code energyJPerInference} as {@code energy_j_per_inference}: every capital starts a word. */
final class SnakeCase extends NamingBase {
  private static final long serialVersionUID = 1L;

  @Override
  public String translate(String name) {
    return name.replaceAll("(?<!^)([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
