package dev.flopmeter.report.html;

import dev.flopmeter.report.page.Markup;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A table of names and values that is being written; what is null is left out. */
final class Facts {
  private final Markup out;

  /**
   * Begins the table.
   *
   * @param style of the caption, such as {@code .sr} for screen readers alone
   */
  Facts(Markup out, String style, String caption) {
    this.out = out.open("table.facts").element("caption" + style, caption).open("tbody");
  }

  Facts add(String name, @Nullable Object value) {
    return add(name, value, Object::toString);
  }

  <V> Facts add(String name, @Nullable V value, Function<V, String> format) {
    if (value != null) {
      out.open("tr").element("th scope=row", name).open("td");
      out.name(format.apply(value)).close("td").close("tr");
    }
    return this;
  }

  /** A value that has a colour in a chart. */
  Facts addColoured(String colour, String name, String value) {
    out.open("tr").open("th scope=row").empty("i.swatch." + colour).text(name).close("th");
    out.element("td", value).close("tr");
    return this;
  }

  /** A fact for each entry, by name. */
  Facts addAll(String start, Map<String, ?> facts) {
    new TreeMap<>(facts).forEach((name, value) -> add(start + name, value));
    return this;
  }

  void end() {
    out.close("tbody").close("table");
  }
}
