import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file to which all clients write their history. Any thread. */
final class Journal implements AutoCloseable {
    private static final long START_NS = System.nanoTime();

    private final BufferedWriter file;

    Journal(String path) throws IOException {
        file = Files.newBufferedWriter(Path.of(path));
    }

    /** The clock of the history: microseconds since it began. */
    static long nowUs() {
        return (System.nanoTime() - START_NS) / 1000;
    }

    synchronized void write(String line) {
        try {
            file.write(line);
            file.write('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
