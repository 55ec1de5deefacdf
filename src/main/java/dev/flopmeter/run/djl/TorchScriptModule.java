package dev.flopmeter.run.djl;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.flopmeter.run.BackendException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript module of functions, compiled by PyTorch from their source.
 *
 * <p>It reaches PyTorch as the archive that {@code torch.jit.save} would write (a zip of source and
 * two pickles): the only access that DJL has to all of PyTorch's operators.
 */
record TorchScriptModule(PtSymbolBlock block) implements AutoCloseable {
  /** A pickled object of class {@code __torch__.M} whose one attribute switches training off. */
  private static final byte[] OBJECT =
      "\u0080\u0002c__torch__\nM\n)\u0081}(X\b\0\0\0training\u0089ub."
          .getBytes(StandardCharsets.ISO_8859_1);

  /** A pickled empty tuple. */
  private static final byte[] NO_CONSTANTS = "\u0080\u0002).".getBytes(StandardCharsets.ISO_8859_1);

  /**
   * Compiles {@code functions}: the text of methods of a class M, indented by two spaces.
   *
   * @throws BackendException if PyTorch rejects it
   */
  static TorchScriptModule compile(PtNDManager memory, String functions) {
    String source =
        "class M(Module):\n"
            + "  __parameters__ = []\n  __buffers__ = []\n  training : bool\n"
            + functions;
    try {
      return new TorchScriptModule(
          JniUtils.loadModule(memory, new ByteArrayInputStream(archive(source)), false, false));
    } catch (EngineException e) {
      throw new BackendException("PyTorch rejects the kernels: " + oneLine(e), e);
    } catch (IOException e) {
      throw new BackendException("PyTorch cannot load the kernels: " + e.getMessage(), e);
    }
  }

  private static byte[] archive(String source) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      put(zip, "m/data.pkl", OBJECT);
      put(zip, "m/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
      put(zip, "m/constants.pkl", NO_CONSTANTS);
      put(zip, "m/version", "10\n".getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static void put(ZipOutputStream zip, String name, byte[] data) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 checksum = new CRC32();
    checksum.update(data);
    entry.setSize(data.length);
    entry.setCompressedSize(data.length);
    entry.setCrc(checksum.getValue());
    zip.putNextEntry(entry);
    zip.write(data);
    zip.closeEntry();
  }

  /**
   * Runs a function; the caller closes the result.
   *
   * @throws EngineException if PyTorch fails
   */
  IValue call(String function, IValue... arguments) {
    return IValueUtils.runMethod(block, function, arguments);
  }

  /** The error of a node at which PyTorch fails. */
  static BackendException failure(String node, String op, EngineException e) {
    return new BackendException(
        "PyTorch failed at node '%s' (%s): %s".formatted(node, op, oneLine(e)), e);
  }

  /** One line of a message of PyTorch, which comes with source excerpts and native stacks. */
  static String oneLine(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    String[] lines = message.split("\n");
    return Arrays.stream(lines)
        .filter(line -> line.matches("^\\w*(Error|Exception)\\b.*"))
        .findFirst()
        .orElseGet(
            () ->
                Arrays.stream(lines)
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("The following operation"))
                    .findFirst()
                    .orElse(failure.getClass().getSimpleName()))
        .strip();
  }

  @Override
  public void close() {
    block.close();
  }

  /**
   * One call of a compiled function.
   *
   * @param outputs the number of tensors returned; more than one are returned as a tuple
   */
  record ScriptAction(TorchScriptModule module, String function, int outputs) implements Action {
    @Override
    public IValue[] run(IValue[] inputs) {
      IValue result = module.call(function, inputs);
      if (outputs == 1) {
        return new IValue[] {result};
      }
      try (result) {
        return result.toIValueTuple();
      }
    }
  }
}
