package dev.flopmeter.count;

import java.util.List;

/**
 * What counts as one operation, and where: our own convention, or a well-known tool's. Each gives
 * one number per node; the number of a network is their sum.
 */
public interface Convention {
  /** The name given to {@code --convention}. */
  String name();

  /** What its numbers count: FLOP, MAC, or the tool's own word. */
  String unit();

  /** What one multiply-accumulate counts: 1 or 2; 0 if the number is not an amount of work. */
  int perMac();

  /** The version of the tool that its numbers were confirmed with. */
  String version();

  /** What a user of the number should know. */
  String note();

  /** The number of one node. */
  long count(CountedNode call);

  /** Whether only the last of several calls of a module counts (a tool's defect). */
  default boolean keepsLastCallOnly() {
    return false;
  }

  /** Further numbers that the same tool prints beside this one. */
  default List<Convention> companions() {
    return List.of();
  }
}
