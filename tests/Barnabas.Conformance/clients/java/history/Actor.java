import java.util.SplittableRandom;

/** One client of a history, which lives again whenever a life of it ends. A thread of its own. */
abstract class Actor extends Thread {
    protected final Lab lab;
    protected final SplittableRandom random;
    private int life;

    Actor(Lab lab, String name) {
        super(name);
        this.lab = lab;
        random = new SplittableRandom(lab.seed * 31 + name.hashCode());
    }

    /** Begins a life; its client is called <code>who</code> from now on. */
    protected abstract void open(String who);

    /** Does something; false ends this life. */
    protected abstract boolean step() throws Exception;

    /** Ends a life that may have failed to begin. */
    protected abstract void close();

    @Override
    public final void run() {
        while (!lab.hasEnded) {
            try {
                open(getName() + "/" + ++life);
                while (!lab.hasEnded && step()) { }
            } catch (Exception e) {
                System.err.println(getName() + "/" + life + " at " + Journal.nowUs() + ": " + e);
                pause(200);
            }
            try {
                close();
            } catch (Exception e) {
                System.err.println(getName() + "/" + life + " closes at " + Journal.nowUs() + ": " + e);
            }
        }
    }

    protected boolean chance(double of) {
        return random.nextDouble() < of;
    }

    protected static void pause(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
