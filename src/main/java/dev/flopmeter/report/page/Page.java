package dev.flopmeter.report.page;

import dev.flopmeter.text.Resource;
import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A document: head, style sheet, body, script; nothing in it is fetched from anywhere.
 *
 * <p>Style sheet and script are allowed by the nonce of the response that carries the page; a file
 * carries its own policy, which allows just these two by their hashes.
 *
 * @param title shown by the browser
 * @param kind what the page is, shown next to the program's name
 * @param script name of the script among this package's resources
 * @param nonce of the response's content security policy; null for a file
 */
public record Page(String title, String kind, String script, @Nullable String nonce) {

  private static final TemplateEngine TEMPLATES =
      TemplateEngine.createPrecompiled(
          null, ContentType.Html, Page.class.getClassLoader(), "dev.flopmeter");

  /** Control characters and lone surrogates are not allowed in a document at all. */
  private static final Pattern FORBIDDEN = Pattern.compile("[\\p{Cs}[\\p{Cntrl}&&[^\\t\\n\\r]]]");

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

  /**
   * The finished text of a page.
   *
   * @param template its place in {@code src/main/jte}
   * @param content its only parameter
   */
  public static String render(String template, Object content) {
    StringOutput out = new Drawing();
    TEMPLATES.render(template, content, out);
    return FORBIDDEN.matcher(out.toString()).replaceAll("\uFFFD");
  }

  /** Writes every number with decimals as a coordinate. */
  private static final class Drawing extends StringOutput {
    @Override
    public void writeUserContent(double value) {
      writeContent(Plot.at(value));
    }
  }

  /** The policy of a file: just its own style sheet and script. */
  String ownPolicy() {
    return "default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'"
        .formatted(hash(js()), hash(css()));
  }

  String css() {
    return resource("page.css");
  }

  String js() {
    return resource("theme.js") + resource(script);
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
