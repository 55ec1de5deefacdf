package dev.flopmeter.cli;

import dev.flopmeter.model.ModelException;

/** A whole number from {@code least} to {@code most}. */
record WholeNumber(long least, long most) implements Argument.Reading<Long> {
  @Override
  public Long read(String text) {
    long number;
    try {
      number = Long.parseLong(text.trim());
    } catch (NumberFormatException e) {
      throw new ModelException("'" + text + "' is not a whole number of at most 2^63-1", e);
    }
    if (number < least) {
      throw new ModelException("must be at least " + least + ", not " + text);
    }
    if (number > most) {
      throw new ModelException("must be at most " + most + ", not " + text);
    }
    return number;
  }
}
