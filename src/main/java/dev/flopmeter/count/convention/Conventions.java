package dev.flopmeter.count.convention;

import dev.flopmeter.count.Convention;
import dev.flopmeter.count.OwnConvention;
import dev.flopmeter.model.ModelException;
import dev.flopmeter.text.NearestName;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** All conventions, by name. A table is built when it is asked for. */
public final class Conventions {
  private Conventions() {}

  private static final List<String> NAMES =
      List.of(
          "flops",
          "macs",
          "thop",
          "thop-0.0.31",
          "torchstat",
          "fvcore",
          "ptflops",
          "torch",
          "torchinfo",
          "deepspeed",
          "onnx-tool",
          "molchanov");

  /** The names that {@code --convention} takes, beside {@code all}. */
  public static List<String> names() {
    return NAMES;
  }

  /**
   * The convention of this name; {@code thop-0.1.1} is another name of {@code thop}.
   *
   * @throws ModelException if there is none; the message suggests the nearest name
   */
  public static Convention named(String name) {
    return switch (name) {
      case "flops" -> OwnConvention.FLOPS;
      case "macs" -> OwnConvention.MACS;
      case "thop", "thop-0.1.1" -> Thop.current();
      case "thop-0.0.31" -> Thop.of0031();
      case "torchstat" -> Torchstat.flops();
      case "torchstat-madd" -> Torchstat.multiplyAdds();
      case "torchstat-memread" -> Torchstat.memoryRead();
      case "torchstat-memwrite" -> Torchstat.memoryWrite();
      case "fvcore" -> FunctionConventions.fvcore();
      case "ptflops" -> FunctionConventions.ptflops();
      case "torch" -> FunctionConventions.torch();
      case "torchinfo" -> Torchinfo.multiplyAdds();
      case "deepspeed" -> FunctionConventions.deepspeed();
      case "deepspeed-macs" -> FunctionConventions.deepspeedMacs();
      case "onnx-tool" -> OnnxTool.convention();
      case "molchanov" -> Molchanov.convention();
      default -> throw unknown(name);
    };
  }

  private static ModelException unknown(String name) {
    return new ModelException(
        "there is no convention '"
            + name
            + "'"
            + NearestName.question(name, NAMES)
            + "all of them: "
            + String.join(", ", NAMES)
            + ", all");
  }

  /**
   * What a tool's convention counts, in words, by what the tool looks at; empty for our own two,
   * which follow from the cost rules.
   */
  public static SortedMap<String, String> formulas(Convention convention) {
    SortedMap<String, String> formulas = new TreeMap<>();
    if (convention instanceof ToolConvention tool) {
      tool.prices().forEach((key, price) -> formulas.put(key, price.formula()));
    }
    return formulas;
  }

  /** One line on a tool's convention: version, what it looks at, what to know. */
  public static String summary(Convention convention) {
    return convention instanceof ToolConvention tool
        ? tool.version()
            + ", by "
            + switch (tool.key()) {
              case MODULE -> "PyTorch module";
              case FUNCTION -> "PyTorch function";
              case OPERATOR -> "ONNX operator";
            }
            + ". "
            + tool.note()
        : "";
  }

  /** Every convention and its companions, in the order they are listed. */
  public static List<Convention> all() {
    List<Convention> all = new ArrayList<>();
    for (String name : NAMES) {
      Convention convention = named(name);
      all.add(convention);
      all.addAll(convention.companions());
    }
    return all;
  }
}
