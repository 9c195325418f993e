// What must hold at each step, whatever comes of it in the end: a turn that was taken over starts nothing, and an outcome of an earlier try
// moves nothing.
import type { VirtualRedis } from './virtual-redis.ts';

const RUN = /^(job_[\w-]+):(\d+):(\d+):(\d+)$/;
/** As workers/dispatch/settle.ts writes what a group of outcomes has in common: chunk slot, run slot, try … */
const GROUP = /^\d+,(\d+),(\d+),[afuq],\d,\d,\d+,\d+,[a-z],\d$/;
const INDEX = /(?:^|\n)(\d+),/g;

/** `broken` grows with what was seen. */
export function watchScripts(broken: string[]): VirtualRedis['onScript'] {
  /** Of each lane the last turn that was opened, and of each item the last try that was started. */
  const fences = new Map<string, number>();
  const tries = new Map<string, number>();
  const took = (lane: string, fence: number, answer: string, actor: string): void => {
    const runs = answer.split('|').slice(6).join('|');
    if (runs === '') return;
    if (fence < (fences.get(lane) ?? 0))
      broken.push(`${actor} started messages after its turn had been taken over`);
    for (const [, run = ''] of runs.split(';').map((text) => text.split(','))) {
      const [, job, from, to, attempt] = RUN.exec(run) ?? [];
      for (let index = Number(from); index <= Number(to); index += 1)
        tries.set(`${job}:${index}`, Math.max(Number(attempt), tries.get(`${job}:${index}`) ?? 0));
    }
  };
  return (name, [lane = ''], args, reply, { name: actor }) => {
    if (name === 'open-turn') {
      const [state, fence] = reply as string[];
      if (state === 'open') fences.set(lane, Math.max(Number(fence), fences.get(lane) ?? 0));
    }
    if (name === 'take') {
      const [state, answer = ''] = reply as string[];
      if (state === 'ok') took(lane, Number(args[1]), answer, actor);
    }
    if (name === 'settle') {
      const moved = Number((reply as unknown[])[3] ?? 0);
      if (moved > 0 && settledTries(args).every(([item, attempt]) => attempt < (tries.get(item) ?? 0)))
        broken.push(`${actor} moved an item by what became of an earlier try`);
    }
  };
}

/** The items of a settle, each with the try that its outcome is of. */
function settledTries(args: readonly unknown[]): [item: string, attempt: number][] {
  const texts = args.map(String);
  const runs = texts.filter((text) => RUN.test(text));
  return texts.flatMap((text, i) => {
    const [, slot, attempt] = GROUP.exec(text) ?? [];
    if (attempt === undefined) return [];
    const job = RUN.exec(runs[Number(slot) - 1] ?? '')?.[1];
    return [...(texts[i + 1] ?? '').matchAll(INDEX)].map(([, index]): [string, number] => [
      `${job}:${index}`,
      Number(attempt),
    ]);
  });
}
