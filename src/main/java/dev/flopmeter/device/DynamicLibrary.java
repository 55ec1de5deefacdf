package dev.flopmeter.device;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A shared library opened with the system's own loader, so that its error ({@code dlerror}) can be
 * shown. It stays open until the process ends: other libraries are bound against it.
 *
 * <p>JNA's {@code NativeLibrary.getInstance} is not suitable: it searches its own folders before
 * those of {@code LD_LIBRARY_PATH}, accepts another version of a missing library, and hides the
 * loader's error among its own attempts.
 */
public final class DynamicLibrary {
  private static final int RTLD_LAZY = 1;
  private static final int RTLD_GLOBAL = 0x100;

  private final String name;
  private final Pointer handle;

  private DynamicLibrary(String name, Pointer handle) {
    this.name = name;
    this.handle = handle;
  }

  /**
   * Opens {@code name}: a path, or a bare file name that the loader's own search finds.
   *
   * @throws LibraryException with the loader's message if that fails
   */
  public static DynamicLibrary open(String name) throws LibraryException {
    try {
      // All symbols are looked up first: a later lookup would free the loader's message. The JVM
      // also looks one up for a native method's first call, so a text is read once beforehand.
      try (Memory empty = new Memory(1)) {
        empty.setByte(0, (byte) 0);
        empty.getString(0);
      }
      Function dlerror = NativeLibrary.getProcess().getFunction("dlerror");
      Function dlopen = NativeLibrary.getProcess().getFunction("dlopen");
      dlerror.invoke(String.class, new Object[0]);
      Pointer handle =
          (Pointer) dlopen.invoke(Pointer.class, new Object[] {name, RTLD_LAZY | RTLD_GLOBAL});
      if (handle == null) {
        throw new LibraryException(String.valueOf(dlerror.invoke(String.class, new Object[0])));
      }
      return new DynamicLibrary(name, handle);
    } catch (UnsatisfiedLinkError e) {
      throw new LibraryException("this system has no dlopen: " + e.getMessage());
    }
  }

  /**
   * Opens the first of the candidates that can be opened.
   *
   * @throws LibraryException with the error of the last one, which is the most precise: what is
   *     wrong with a file, not that a bare name was not found
   */
  static DynamicLibrary openAny(List<String> candidates) throws LibraryException {
    int last = candidates.size() - 1;
    for (String candidate : candidates.subList(0, last)) {
      try {
        return open(candidate);
      } catch (LibraryException ignored) {
        // the error of the last one is used
      }
    }
    return open(candidates.get(last));
  }

  /** Whether the library offers {@code symbol}. */
  boolean has(String symbol) {
    return address(symbol) != null;
  }

  /**
   * Calls a function that returns an int.
   *
   * @throws LibraryException if the library lacks it
   */
  int call(String symbol, Object... arguments) throws LibraryException {
    return function(symbol).invokeInt(arguments);
  }

  /** Calls a function that returns a size. */
  long callLong(String symbol, Object... arguments) throws LibraryException {
    return function(symbol).invokeLong(arguments);
  }

  /** Calls a function that returns a text. */
  String text(String symbol, Object... arguments) throws LibraryException {
    return function(symbol).invokeString(arguments, false);
  }

  private Function function(String symbol) throws LibraryException {
    Pointer address = address(symbol);
    if (address == null) {
      throw new LibraryException(name + " lacks the function " + symbol);
    }
    return Function.getFunction(address);
  }

  private @Nullable Pointer address(String symbol) {
    return (Pointer)
        NativeLibrary.getProcess()
            .getFunction("dlsym")
            .invoke(Pointer.class, new Object[] {handle, symbol});
  }

  /** The file it was loaded from, by the process' memory map; its name if that does not tell. */
  Path file() {
    String base = Path.of(name).getFileName().toString();
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      return maps.filter(line -> line.contains("/" + base))
          .map(line -> Path.of(line.substring(line.indexOf('/'))))
          .findFirst()
          .orElse(Path.of(name));
    } catch (IOException e) {
      return Path.of(name);
    }
  }
}
