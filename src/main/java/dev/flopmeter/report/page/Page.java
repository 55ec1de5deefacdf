package dev.flopmeter.report.page;

import dev.flopmeter.text.Resource;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A document: head, style sheet, body, script; nothing in it is fetched from anywhere.
 *
 * <p>Style sheet and script are allowed by the nonce of the response that carries the page; a file
 * carries its own policy, which allows just these two by their hashes.
 *
 * @param title shown by the browser
 * @param kind what the page is, beside the name of the program
 * @param script name of the script among this package's resources
 * @param nonce of the response's content security policy; null for a file
 */
public record Page(String title, String kind, String script, @Nullable String nonce) {

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

  /** The whole document around what {@code main} and {@code footer} write. */
  public String render(Consumer<Markup> main, Consumer<Markup> footer) {
    String css = resource(STYLE);
    String js = resource("theme.js") + resource(script);
    Markup out = new Markup();
    out.doctype().open("html lang=en").line().open("head").line();
    out.empty("meta charset=utf-8").line();
    if (nonce == null) {
      String policy =
          "default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'"
              .formatted(hash(js), hash(css));
      out.empty("meta http-equiv=Content-Security-Policy content=%s", policy).line();
    }
    out.empty("meta name=viewport content=%s", "width=device-width, initial-scale=1").line();
    out.empty("meta name=color-scheme content=%s", "light dark").line();
    out.empty("link rel=icon href=data:,").line();
    out.element("title", title).line();
    out.raw("style nonce=%s", css, nonce).line();
    out.close("head").line().open("body").line();
    out.element("a.skip href=#main", "Skip to the content");
    header(out);
    out.open("main.wrap id=main");
    main.accept(out);
    out.close("main").line().open("footer.wrap").open("p");
    footer.accept(out);
    out.close("p").close("footer");
    out.line().raw("script nonce=%s", js, nonce).line();
    out.close("body").close("html").line();
    return out.toString();
  }

  private void header(Markup out) {
    out.open("header.bar-top").open("div.wrap");
    out.element("span.mark", "flopmeter").element("span.kind", kind);
    // The button by which a reader chooses light or dark; enabled by the script.
    out.open("button.theme type=button hidden aria-pressed=false");
    out.text("Dark").close("button").close("div").close("header").line();
  }

  /** A highlighted list of lines; nothing if there are none. */
  public static void notice(Markup out, String style, String title, List<String> lines) {
    if (lines.isEmpty()) {
      return;
    }
    out.open("div.warnings" + style + " role=note").element("strong", title).open("ul");
    for (String line : lines) {
      out.open("li").name(line).close("li");
    }
    out.close("ul").close("div").line();
  }

  private static String resource(String name) {
    return Resource.text(Page.class, "/dev/flopmeter/report/" + name);
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
