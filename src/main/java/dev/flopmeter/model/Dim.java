package dev.flopmeter.model;

import org.jspecify.annotations.Nullable;

/**
 * A dimension as a model declares it: a number, a name that stands for one ({@code batch}), or
 * neither (anything).
 *
 * @param size the number, or -1 if it is free
 * @param symbol the name of a free dimension, or null
 */
public record Dim(long size, @Nullable String symbol) {
  public static final Dim ANY = new Dim(-1, null);

  public static Dim of(long size) {
    return size < 0 ? ANY : new Dim(size, null);
  }

  /** A free dimension; the empty name stands for none. */
  public static Dim named(String symbol) {
    return symbol.isEmpty() ? ANY : new Dim(-1, symbol);
  }

  public boolean isFree() {
    return size < 0;
  }

  @Override
  public String toString() {
    return size >= 0 ? Long.toString(size) : symbol == null ? "?" : symbol;
  }
}
