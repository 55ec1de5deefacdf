package dev.flopmeter.serve.history;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The operations on a file that grows; tests replace the disk with one that fails. */
interface SegmentFile extends Closeable {
  /** Writes all of it at {@code position}. */
  void write(ByteBuffer bytes, long position) throws IOException;

  /** Returns when the data is on disk. */
  void force() throws IOException;

  void truncate(long size) throws IOException;

  /** How a segment is opened for writing. */
  interface Opener {
    SegmentFile open(Path path) throws IOException;
  }

  /** A file on a real disk. */
  static SegmentFile onDisk(Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    return new SegmentFile() {
      @Override
      public void write(ByteBuffer bytes, long position) throws IOException {
        ByteBuffer rest = bytes.duplicate();
        long at = position;
        while (rest.hasRemaining()) {
          at += channel.write(rest, at);
        }
      }

      @Override
      public void force() throws IOException {
        channel.force(false);
      }

      @Override
      public void truncate(long size) throws IOException {
        channel.truncate(size);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }
}
