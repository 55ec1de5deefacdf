package dev.flopmeter.report.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A document: head, style sheet, body, script; nothing in it is fetched from anywhere.
 *
 * <p>Style sheet and script are allowed by the nonce of the response that carries the page; a file
 * carries its own policy, which allows just these two by their hashes.
 *
 * @param title shown by the browser
 * @param script name of the script among this package's resources
 * @param nonce of the response's content security policy; null for a file
 */
public record Page(String title, String script, @Nullable String nonce) {

  private static final String STYLE = "page.css";

  /**
   * The policy for the header of a response that carries pages with this nonce.
   *
   * @param nonce unguessable and new for each response
   */
  public static String policy(String nonce) {
    return "default-src 'none'; script-src 'nonce-%1$s'; style-src 'nonce-%1$s'; connect-src 'self'; "
            .formatted(nonce)
        + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  }

  public String render(Consumer<Markup> body) {
    String css = resource(STYLE);
    String js = resource("theme.js") + resource(script);
    Markup out = new Markup();
    out.doctype().open("html", "lang", "en").line().open("head").line();
    out.empty("meta", "charset", "utf-8").line();
    if (nonce == null) {
      String policy =
          "default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'"
              .formatted(hash(js), hash(css));
      out.empty("meta", "http-equiv", "Content-Security-Policy", "content", policy).line();
    }
    out.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1").line();
    out.empty("meta", "name", "color-scheme", "content", "light dark").line();
    out.empty("link", "rel", "icon", "href", "data:,").line();
    out.element("title", title).line();
    out.raw("style", css, "nonce", nonce).line();
    out.close("head").line().open("body").line();
    body.accept(out);
    out.line().raw("script", js, "nonce", nonce).line();
    out.close("body").close("html").line();
    return out.toString();
  }

  /** The button by which a reader chooses light or dark; the script brings it to life. */
  public static void themeToggle(Markup out) {
    out.open("button", "type", "button", "class", "theme", "hidden", "", "aria-pressed", "false");
    out.text("Dark").close("button");
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream("/dev/flopmeter/report/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + name + " is not in the application");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + name, e);
    }
  }

  private static String hash(String content) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
