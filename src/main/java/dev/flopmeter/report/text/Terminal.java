package dev.flopmeter.report.text;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * One of this process's output streams and what it is connected to. On Linux this needs no child
 * process; the width of a terminal takes one system call.
 */
public record Terminal(int descriptor) {
  public static final Terminal OUTPUT = new Terminal(1);
  public static final Terminal ERRORS = new Terminal(2);

  /** Linux' ioctl request for a terminal's size, on x86 and ARM. */
  private static final long TIOCGWINSZ = 0x5413;

  public boolean isTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException noSuchSystem) {
      return false;
    }
  }

  /** Its width in columns; empty if it is not a terminal or the width is unknown. */
  OptionalInt columns() {
    if (!isTerminal()) {
      return OptionalInt.empty();
    }
    // struct winsize { unsigned short rows, columns, x, y; }
    try (Memory size = new Memory(8)) {
      Function ioctl = Function.getFunction("c", "ioctl");
      int status = ioctl.invokeInt(new Object[] {descriptor, new NativeLong(TIOCGWINSZ), size});
      int columns = Short.toUnsignedInt(size.getShort(2));
      return status == 0 && columns > 0 ? OptionalInt.of(columns) : OptionalInt.empty();
    } catch (LinkageError noNativeAccess) {
      return OptionalInt.empty();
    }
  }
}
