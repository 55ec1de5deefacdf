package dev.flopmeter.run.ort;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.text.Labelled;
import dev.flopmeter.text.NearestName;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How ONNX Runtime is to run a model: the settings of a session. The command line creates it even
 * if ONNX Runtime's classes are missing, so none of them may be needed before a session.
 *
 * @param level how far the graph is optimised
 * @param settings the other settings by key: one of {@link #KEYS}, or an entry of the session's
 *     configuration, whose keys contain a dot
 */
public record OrtOptions(Level level, Map<String, String> settings) {
  /** What a session does if nothing is set. */
  public static final OrtOptions DEFAULT = new OrtOptions(Level.ALL, Map.of());

  private static final String PROVIDER = "provider";

  /** The settings with a name of their own. */
  public static final List<String> KEYS =
      List.of(
          "arena",
          "deterministic",
          "inter_op_threads",
          "intra_op_threads",
          "memory_pattern",
          PROVIDER);

  public OrtOptions {
    settings = Map.copyOf(settings);
  }

  /** How far ONNX Runtime optimises a graph. */
  public enum Level implements Labelled {
    NONE,
    BASIC,
    EXTENDED,
    ALL
  }

  /**
   * The options of {@code KEY=VALUE} texts.
   *
   * @throws ModelException if a key is unknown or a value does not fit
   */
  public static OrtOptions of(Level level, List<String> texts) {
    Map<String, String> settings = new LinkedHashMap<>();
    for (String text : texts) {
      int equals = text.indexOf('=');
      String key = text.substring(0, Math.max(0, equals));
      if (!KEYS.contains(key) && key.indexOf('.') < 0) {
        throw new ModelException(
            "'%s' must be KEY=VALUE, the key one of %s or an entry of the session's configuration,"
                    .formatted(text, String.join(", ", KEYS))
                + " such as session.intra_op.allow_spinning=0"
                + NearestName.question(key, KEYS));
      }
      settings.put(key, text.substring(equals + 1));
    }
    OrtOptions options = new OrtOptions(level, settings);
    settings.forEach(OrtOptions::check);
    return options;
  }

  private static void check(String key, String value) {
    switch (key) {
      case "arena", "deterministic", "memory_pattern" -> isOn(key, value);
      case "inter_op_threads", "intra_op_threads" -> count(key, value);
      case PROVIDER -> {
        if (!value.matches("cpu|cuda|tensorrt")) {
          throw new ModelException("provider must be cpu, cuda or tensorrt, not '" + value + "'");
        }
      }
      default -> {}
    }
  }

  private static boolean isOn(String key, String value) {
    if (!value.matches("on|off")) {
      throw new ModelException(key + " must be on or off, not '" + value + "'");
    }
    return value.equals("on");
  }

  private static int count(String key, String value) {
    if (!value.matches("[1-9]\\d{0,3}")) {
      throw new ModelException(key + " must be 1 to 9999, not '" + value + "'");
    }
    return Integer.parseInt(value);
  }

  private static void addProvider(SessionOptions options, String value) throws OrtException {
    if (value.equals("tensorrt")) {
      options.addTensorrt(0);
    }
    if (!value.equals("cpu")) {
      options.addCUDA(0);
    }
  }

  /** The start of the name that ONNX Runtime gives to the provider of the kernels. */
  String provider() {
    return switch (settings.getOrDefault(PROVIDER, "cpu")) {
      case "tensorrt" -> "Tensorrt";
      case "cuda" -> "CUDA";
      default -> "CPU";
    };
  }

  boolean isGpu() {
    return !provider().equals("CPU");
  }

  /** Sets everything but the level of optimisation. */
  void applyTo(SessionOptions options) throws OrtException {
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      String key = setting.getKey();
      String value = setting.getValue();
      switch (key) {
        case "arena" -> options.setCPUArenaAllocator(isOn(key, value));
        case "deterministic" -> options.setDeterministicCompute(isOn(key, value));
        case "inter_op_threads" -> options.setInterOpNumThreads(count(key, value));
        case "intra_op_threads" -> options.setIntraOpNumThreads(count(key, value));
        case "memory_pattern" -> options.setMemoryPatternOptimization(isOn(key, value));
        case PROVIDER -> addProvider(options, value);
        default -> options.addConfigEntry(key, value);
      }
    }
  }

  OptLevel optimisation() {
    return level == Level.NONE ? OptLevel.NO_OPT : OptLevel.valueOf(level + "_OPT");
  }

  /** What differs from the defaults, for the result. */
  List<String> differences() {
    Map<String, String> all = new TreeMap<>(settings);
    if (level != Level.ALL) {
      all.put("level", level.label());
    }
    return all.entrySet().stream().map(one -> one.getKey() + "=" + one.getValue()).toList();
  }
}
