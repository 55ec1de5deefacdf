package dev.flopmeter.serve.http;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * A server's keys, which can be exchanged while it runs: the JDK's server keeps the TLS context
 * that it was started with. New ones count for connections that begin after the exchange; a
 * handshake that is under way ends with the ones it began with, since no two keys share an alias.
 *
 * <p>Thread-safe.
 */
final class ExchangeableKeys extends X509ExtendedKeyManager {
  private volatile X509ExtendedKeyManager current;
  private volatile X509ExtendedKeyManager previous;

  ExchangeableKeys(X509ExtendedKeyManager keys) {
    current = keys;
    previous = keys;
  }

  synchronized void exchange(X509ExtendedKeyManager keys) {
    previous = current;
    current = keys;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return current.chooseEngineServerAlias(keyType, issuers, engine);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return current.chooseServerAlias(keyType, issuers, socket);
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return current.getServerAliases(keyType, issuers);
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    X509Certificate @Nullable [] chain = current.getCertificateChain(alias);
    return chain == null ? previous.getCertificateChain(alias) : chain;
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    PrivateKey key = current.getPrivateKey(alias);
    return key == null ? previous.getPrivateKey(alias) : key;
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
