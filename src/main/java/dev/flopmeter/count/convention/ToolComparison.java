package dev.flopmeter.count.convention;

import dev.flopmeter.count.ModelInfo;
import java.util.List;

/**
 * What each tool would say of one network, and why they differ.
 *
 * @param macs multiply-accumulates, which nearly every tool starts from
 */
public record ToolComparison(ModelInfo model, long macs, List<ToolCount> tools) {

  public ToolComparison {
    tools = List.copyOf(tools);
  }

  /**
   * One tool's number: {@code perMac x macs} plus the differences.
   *
   * @param unit what it calls its unit
   * @param perMac what one MAC counts; 0 where the number is not an amount of work, and has no
   *     differences
   * @param version of the tool
   * @param differences what it counts beyond the MACs (or fails to count of them), by operator, the
   *     largest first
   * @param note what a user of the number should know
   */
  public record ToolCount(
      String convention,
      String unit,
      int perMac,
      String version,
      long value,
      List<Difference> differences,
      String note) {
    public ToolCount {
      differences = List.copyOf(differences);
    }
  }

  /** What operators of one kind add to the MACs; negative where MACs are missed. */
  public record Difference(String op, long amount) {}
}
