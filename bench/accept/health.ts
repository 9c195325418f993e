// How long a process takes to say that it lives: asked again and again while it works.
import { setTimeout as wait } from 'node:timers/promises';

const GAP_MS = 2;

export interface HealthWatch {
  /** Runs `work` with the watch on. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
  /** The longest answer so far, ms, and how many there were. */
  longest(): { ms: number; samples: number };
}

export function watchHealth(url: string): HealthWatch {
  let ms = 0;
  let samples = 0;
  const ask = async (): Promise<void> => {
    const from = performance.now();
    const answer = await fetch(`${url}/healthz`);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`/healthz: ${answer.status}`);
    ms = Math.max(ms, performance.now() - from);
    samples++;
  };
  return {
    during: async (work) => {
      let working = true;
      const watch = (async () => {
        while (working) {
          await ask();
          await wait(GAP_MS);
        }
      })();
      try {
        return await work();
      } finally {
        working = false;
        await watch;
      }
    },
    longest: () => ({ ms, samples }),
  };
}
