// How long a process takes to say that it lives: asked again and again while it works.
import { setTimeout as wait } from 'node:timers/promises';

const GAP_MS = 2;

/** The longest answer, ms, of so many. */
export interface Health {
  ms: number;
  samples: number;
}

export interface HealthWatch {
  /** Runs `work` with the watch on. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
  longest(): Health;
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
