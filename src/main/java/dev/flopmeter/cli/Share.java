package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A share below one: {@code 5%} or {@code 0.05}. */
record Share() implements Argument.Reading<Double> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*(%?)");

  @Override
  public Double read(String text) {
    Matcher matcher = FORM.matcher(text.trim());
    if (matcher.matches()) {
      double value = Double.parseDouble(matcher.group(1)) / (matcher.group(2).isEmpty() ? 1 : 100);
      if (value < 1) {
        return value;
      }
    }
    throw new ModelException("must be below 100%, for example 5% or 0.05, not '" + text + "'");
  }
}
