import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Runs many of Kafka's command line tools in one virtual machine, one after the other, since a start costs more than most tools do.
 * A request is one line: the class, then standard input and the arguments, each in base64 and separated by spaces.
 * The answer is one line: the exit code, standard output and standard error, the latter two in base64.
 */
public final class ToolHost {
    private static final class Exited extends RuntimeException {
        Exited() {
            super(null, null, false, false);
        }
    }

    private static ByteArrayOutputStream out, err;
    private static String answer;

    public static void main(String[] ignored) throws Exception {
        PrintStream answers = System.out;
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        org.apache.kafka.common.utils.Exit.setExitProcedure((code, message) -> exit(code));
        org.apache.kafka.common.utils.Exit.setHaltProcedure((code, message) -> exit(code));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            String[] words = line.split(" ", -1);
            String[] arguments = new String[words.length - 2];
            for (int i = 0; i < arguments.length; i++)
                arguments[i] = new String(Base64.getDecoder().decode(words[i + 2]), StandardCharsets.UTF_8);
            out = new ByteArrayOutputStream();
            err = new ByteArrayOutputStream();
            answer = null;
            System.setOut(new PrintStream(out, true));
            System.setErr(new PrintStream(err, true));
            System.setIn(new ByteArrayInputStream(Base64.getDecoder().decode(words[1])));
            run(Class.forName(words[0]).getMethod("main", String[].class), arguments);
            answers.println(answer);
            answers.flush();
        }
    }

    private static void run(Method main, String[] arguments) throws IllegalAccessException {
        try {
            main.invoke(null, (Object) arguments);
            end(0);
        } catch (InvocationTargetException thrown) {
            if (answer == null)
                thrown.getCause().printStackTrace();
            end(1);
        }
    }

    private static void exit(int code) {
        end(code);
        throw new Exited();
    }

    /** The first exit counts: some tools catch what stands for it here, and would end a second time. */
    private static synchronized void end(int code) {
        System.out.flush();
        if (answer == null)
            answer = code + " " + encode(out) + " " + encode(err);
    }

    private static String encode(ByteArrayOutputStream bytes) {
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
