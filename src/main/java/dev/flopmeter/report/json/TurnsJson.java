package dev.flopmeter.report.json;

import dev.flopmeter.measure.Change;
import dev.flopmeter.measure.Turns;

/** A comparison by turns as JSON, {@code flopmeter.turns/1}; {@code turns-1.json} documents it. */
public final class TurnsJson {
  private TurnsJson() {}

  public static String write(Turns turns) {
    Change verdict = turns.verdict();
    return new JsonObject()
        .put("schema", "flopmeter.turns/1")
        .put("slower", turns.isSlower())
        .put("verdict", verdict == null ? "undecided" : verdict.label())
        .put("relative_change", turns.change())
        .put("low", turns.low())
        .put("high", turns.high())
        .put("threshold", turns.rules().threshold())
        .put("error_rate", turns.rules().errorRate())
        .put("turns", turns.pairs())
        .put("seconds", turns.seconds())
        .put("seed", turns.rules().seed())
        .put("base", json(turns.base(), turns.baseSeconds()))
        .put("new", json(turns.next(), turns.nextSeconds()))
        .indented();
  }

  private static JsonObject json(Turns.Side side, double seconds) {
    return new JsonObject()
        .put("model", side.model())
        .put("backend", side.backend())
        .put("device", side.device().name())
        .put("precision", side.precision().label())
        .put("batch", side.batch())
        .put("median_seconds", seconds);
  }
}
