package dev.flopmeter.serve.history;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One file of the history: a magic word and then frames, only ever appended to. */
final class Segment {
  static final byte[] MAGIC = "FLMHIST1".getBytes(StandardCharsets.US_ASCII);

  /** Where a frame lies. */
  record Located(HistoryEntry entry, long position, int length) {}

  final Path path;
  final long id;
  final List<Located> frames = new ArrayList<>();

  /** Bytes up to the end of the last good frame. */
  long size;

  /** Whether something behind {@link #size} is no frame. */
  boolean isCut;

  Segment(Path path, long id) {
    this.path = path;
    this.id = id;
  }

  static Path path(Path folder, long id) {
    return folder.resolve("results-" + "0".repeat(12 - Long.toString(id).length()) + id + ".flm");
  }

  /** Reads the index of a file that another life of the daemon wrote, up to the first bad byte. */
  static Segment scan(Path path, long id) throws IOException {
    Segment segment = new Segment(path, id);
    long whole = Files.size(path);
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(path), 1 << 16))) {
      byte[] magic = in.readNBytes(MAGIC.length);
      if (!Arrays.equals(magic, MAGIC)) {
        segment.isCut = whole > 0;
        return segment;
      }
      segment.size = MAGIC.length;
      boolean isGood = true;
      while (isGood && segment.size < whole) {
        isGood = segment.readFrame(in, whole);
      }
    } catch (EOFException ignored) {
      // a frame whose head is cut
    }
    segment.isCut = segment.size < whole;
    return segment;
  }

  private boolean readFrame(DataInputStream in, long whole) throws IOException {
    int length = in.readInt();
    int checksum = in.readInt();
    if (length <= 0 || length > Frame.LONGEST || length > whole - size - Frame.HEAD) {
      return false;
    }
    byte[] payload = in.readNBytes(length);
    if (payload.length < length
        || Frame.checksum(ByteBuffer.wrap(payload), 0, length) != checksum) {
      return false;
    }
    frames.add(new Located(Frame.entry(payload, 0, length), size + Frame.HEAD, length));
    size += Frame.HEAD + length;
    return true;
  }

  /** The JSON of a frame. */
  String json(Located frame) throws IOException {
    byte[] payload = new byte[frame.length()];
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
      file.seek(frame.position());
      file.readFully(payload);
    }
    return Frame.json(payload, 0, payload.length);
  }
}
