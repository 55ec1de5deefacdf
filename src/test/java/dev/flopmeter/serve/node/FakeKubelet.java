package dev.flopmeter.serve.node;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The kubelet's pod-resources socket: one call per connection, strict about HTTP/2 (RFC 9113) and
 * gRPC. A client's mistakes are recorded as problems and end the connection, as a server would.
 */
final class FakeKubelet implements AutoCloseable {
  /** The outcome of a call. */
  enum Behavior {
    ANSWERS,
    /** A server without this API, like an older kubelet. */
    UNIMPLEMENTED,
    GOES_AWAY,
    RESETS,
    COMPRESSES,
    CLOSES,
    SILENT
  }

  private static final int FRAME = 1 << 14;

  // As grpc-go writes them: ":status 200, content-type application/grpc", "grpc-status 0" with an
  // empty message, and a combined head and trailers for an unknown method.
  private static final byte[] HEAD = HexFormat.of().parseHex("885f8b1d75d0620d263d4c4d6564");
  private static final byte[] TRAILERS =
      HexFormat.of().parseHex("40889acac8b21234da8f013040899acac8b5254207317f00");
  private static final byte[] REFUSAL =
      HexFormat.of().parseHex("885f8b1d75d0620d263d4c4d656440889acac8b21234da8f023132");

  final List<String> problems = new CopyOnWriteArrayList<>();
  private final ServerSocketChannel server;
  private final Behavior behavior;
  private final ByteString message;

  private FakeKubelet(ServerSocketChannel server, Behavior behavior, ByteString message) {
    this.server = server;
    this.behavior = behavior;
    this.message = message;
  }

  /** Listens on a socket with an answer to each call. */
  static FakeKubelet start(Path socket, Behavior behavior, ByteString... pods) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    FakeKubelet kubelet = new FakeKubelet(server, behavior, message(1, pods));
    Thread thread = new Thread(kubelet::serve, "kubelet");
    thread.setDaemon(true);
    thread.start();
    return kubelet;
  }

  /** A pod with one container, and its allocated devices of one resource. */
  static ByteString pod(String namespace, String name, String container, String... devices) {
    UnknownFieldSet.Builder given = UnknownFieldSet.newBuilder();
    given.mergeField(1, text("nvidia.com/gpu"));
    for (String device : devices) {
      given.mergeField(2, text(device));
    }
    // NUMA node 1.
    given.mergeField(3, bytes(message(1, message(1, 1))));
    UnknownFieldSet.Builder inside = UnknownFieldSet.newBuilder();
    inside.mergeField(1, text(container)).mergeField(2, bytes(given.build().toByteString()));
    inside.mergeField(3, Field.newBuilder().addVarint(7).build()); // a CPU
    return UnknownFieldSet.newBuilder()
        .mergeField(1, text(name))
        .mergeField(2, text(namespace))
        .mergeField(3, bytes(inside.build().toByteString()))
        .build()
        .toByteString();
  }

  private static Field text(String text) {
    return bytes(ByteString.copyFromUtf8(text));
  }

  private static Field bytes(ByteString bytes) {
    return Field.newBuilder().addLengthDelimited(bytes).build();
  }

  private static ByteString message(int field, ByteString... values) {
    UnknownFieldSet.Builder message = UnknownFieldSet.newBuilder();
    for (ByteString value : values) {
      message.mergeField(field, bytes(value));
    }
    return message.build().toByteString();
  }

  private static ByteString message(int field, int value) {
    return UnknownFieldSet.newBuilder()
        .mergeField(field, Field.newBuilder().addVarint(value).build())
        .build()
        .toByteString();
  }

  private void serve() {
    while (true) {
      try (SocketChannel client = server.accept()) {
        new Connection(client).serve();
      } catch (ClosedChannelException e) {
        return;
      } catch (ProtocolException e) {
        problems.add(e.getMessage());
      } catch (EOFException e) {
        problems.add("the connection ends within a call");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    ProtocolException(String message) {
      super(message);
    }
  }

  private static void require(boolean condition, String otherwise) throws ProtocolException {
    if (!condition) {
      throw new ProtocolException(otherwise);
    }
  }

  private record Frame(int type, int flags, int stream, ByteString payload) {}

  /** One connection, and the amount of data its client allows. */
  private final class Connection {
    private final DataInputStream in;
    private final DataOutputStream out;
    private long streamWindow = 65_535;
    private long connectionWindow = 65_535;

    Connection(SocketChannel client) {
      in = new DataInputStream(Channels.newInputStream(client));
      out = new DataOutputStream(Channels.newOutputStream(client));
    }

    private Frame read() throws IOException {
      int head = in.readInt();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      require(head >>> 8 <= FRAME, "FRAME_SIZE_ERROR: " + (head >>> 8));
      byte[] payload = new byte[head >>> 8];
      in.readFully(payload);
      return new Frame(head & 0xff, flags, stream, ByteString.copyFrom(payload));
    }

    private void write(int type, int flags, int stream, byte[] payload) throws IOException {
      out.writeInt(payload.length << 8 | type);
      out.writeByte(flags);
      out.writeInt(stream);
      out.write(payload);
    }

    void serve() throws IOException {
      byte[] preface = new byte[24];
      in.readFully(preface);
      String expected = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
      require(new String(preface, StandardCharsets.US_ASCII).equals(expected), "no preface");
      Frame settings = read();
      require(settings.type() == 4 && settings.flags() == 0, "the first frame is not SETTINGS");
      settings(settings);
      write(4, 0, 0, HexFormat.of().parseHex("000500004000"));
      write(4, 1, 0, new byte[0]);
      Frame frame = read();
      while (frame.type() == 8) {
        require(frame.payload().size() == 4, "FRAME_SIZE_ERROR of WINDOW_UPDATE");
        int more = frame.payload().asReadOnlyByteBuffer().getInt();
        require(more > 0, "PROTOCOL_ERROR: a WINDOW_UPDATE of " + more);
        if (frame.stream() == 0) {
          connectionWindow += more;
        } else {
          streamWindow += more;
        }
        require(Math.max(connectionWindow, streamWindow) < 1L << 31, "FLOW_CONTROL_ERROR");
        frame = read();
      }
      require(frame.type() == 1 && frame.stream() == 1, "no HEADERS on stream 1");
      require(frame.flags() == 4, "HEADERS with flags " + frame.flags() + ", not END_HEADERS");
      request(headers(frame.payload().asReadOnlyByteBuffer()));
      Frame data = read();
      require(data.type() == 0 && data.stream() == 1, "no DATA on stream 1");
      require(data.flags() == 1, "the request does not end");
      require(data.payload().equals(ByteString.copyFrom(new byte[5])), "not an empty gRPC message");
      answer();
    }

    private void settings(Frame frame) throws IOException {
      require(frame.stream() == 0, "SETTINGS on a stream");
      require(frame.payload().size() % 6 == 0, "FRAME_SIZE_ERROR of SETTINGS");
      ByteBuffer pairs = frame.payload().asReadOnlyByteBuffer();
      while (pairs.hasRemaining()) {
        int id = pairs.getShort();
        int value = pairs.getInt();
        require(id != 2 || value == 0 || value == 1, "ENABLE_PUSH is " + value);
        require(id != 4 || value >= 0, "FLOW_CONTROL_ERROR: a window above 2^31 - 1");
        require(id != 5 || (value >= FRAME && value < 1 << 24), "MAX_FRAME_SIZE is " + value);
        streamWindow = id == 4 ? value : streamWindow;
      }
    }

    /** Literals without indexing, with uncompressed names and values. */
    private Map<String, String> headers(ByteBuffer left) throws IOException {
      Map<String, String> headers = new LinkedHashMap<>();
      boolean isPseudo = true;
      while (left.hasRemaining()) {
        require(left.get() == 0, "COMPRESSION_ERROR: not a literal with a name of its own");
        String name = text(left);
        require(name.equals(name.toLowerCase(Locale.ROOT)), name + " is not lower case");
        require(isPseudo || !name.startsWith(":"), name + " behind other headers");
        isPseudo = name.startsWith(":");
        require(headers.put(name, text(left)) == null, name + " twice");
      }
      return headers;
    }

    private String text(ByteBuffer left) throws IOException {
      require(left.hasRemaining(), "COMPRESSION_ERROR: no length");
      int length = left.get();
      require(length >= 0 && length < 127 && length <= left.remaining(), "COMPRESSION_ERROR");
      byte[] text = new byte[length];
      left.get(text);
      return new String(text, StandardCharsets.US_ASCII);
    }

    private void request(Map<String, String> headers) throws IOException {
      for (String required : List.of(":method", ":scheme", ":path", ":authority")) {
        require(headers.containsKey(required), "no " + required);
      }
      require(headers.get(":method").equals("POST"), "not POST");
      require(List.of("http", "https").contains(headers.get(":scheme")), "scheme");
      String path = headers.get(":path");
      require(path.equals("/v1.PodResourcesLister/List"), "no method " + path);
      require(headers.getOrDefault("te", "").equals("trailers"), "no te: trailers");
      String type = headers.getOrDefault("content-type", "");
      require(type.matches("application/grpc([+;].*)?"), "415: content-type is " + type);
      String timeout = headers.getOrDefault("grpc-timeout", "1S");
      require(timeout.matches("\\d{1,8}[HMSmun]"), "grpc-timeout is " + timeout);
      headers.keySet().removeIf(name -> name.startsWith(":"));
      headers.keySet().removeAll(List.of("te", "content-type", "grpc-timeout", "user-agent"));
      require(headers.isEmpty(), "more headers: " + headers);
    }

    private void answer() throws IOException {
      switch (behavior) {
        case CLOSES -> acknowledged();
        case SILENT -> in.transferTo(OutputStream.nullOutputStream()); // until the client gives up
        case UNIMPLEMENTED -> {
          write(1, 5, 1, REFUSAL);
          acknowledged();
        }
        case GOES_AWAY -> {
          write(7, 0, 0, new byte[8]);
          acknowledged();
        }
        case RESETS -> {
          write(3, 0, 1, new byte[] {0, 0, 0, 7});
          acknowledged();
        }
        case ANSWERS, COMPRESSES -> {
          // grpc-go measures the bandwidth with a PING when data arrives.
          byte[] ping = {2, 4, 16, 16, 9, 14, 7, 7};
          write(6, 0, 0, ping);
          write(8, 0, 0, new byte[] {0, 0, 0, 5});
          write(1, 4, 1, HEAD);
          data();
          acknowledged();
          Frame pong = read();
          require(pong.type() == 6 && pong.flags() == 1, "PING is not acknowledged");
          require(pong.payload().equals(ByteString.copyFrom(ping)), "another PING is acknowledged");
          write(1, 5, 1, TRAILERS);
        }
      }
    }

    private void data() throws IOException {
      byte[] all =
          ByteBuffer.allocate(5 + message.size())
              .put((byte) (behavior == Behavior.COMPRESSES ? 1 : 0))
              .putInt(message.size())
              .put(message.toByteArray())
              .array();
      for (int at = 0; at < all.length; at += FRAME) {
        byte[] part = Arrays.copyOfRange(all, at, Math.min(all.length, at + FRAME));
        streamWindow -= part.length;
        connectionWindow -= part.length;
        require(Math.min(streamWindow, connectionWindow) >= 0, "the windows are too small");
        write(0, 0, 1, part);
      }
    }

    private void acknowledged() throws IOException {
      Frame settings = read();
      require(settings.type() == 4 && settings.flags() == 1, "SETTINGS are not acknowledged");
      require(settings.payload().isEmpty(), "an acknowledgement with settings");
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
