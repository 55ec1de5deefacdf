package dev.flopmeter.serve;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles SIGHUP. Uses reflection, since the JDK's signal handling is not a supported API: javac
 * rejects it under {@code --release}, and a small runtime may lack it. Without it the daemon works
 * and is reloaded over HTTP.
 */
public final class HangupSignal {
  private static final Logger logger = LoggerFactory.getLogger(HangupSignal.class);

  private HangupSignal() {}

  /** Calls {@code action} at each SIGHUP from now on. */
  public static void handle(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      InvocationHandler called =
          (proxy, method, arguments) -> {
            if (method.getName().equals("handle")) {
              action.run();
            }
            return null;
          };
      Object proxy =
          Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, called);
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), proxy);
    } catch (ReflectiveOperationException e) {
      logger.warn(
          "SIGHUP is not supported on this JVM; reload with POST /-/reload: {}", e.toString());
    }
  }
}
