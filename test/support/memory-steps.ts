// Makes the scripts run that bring an emptied Redis back: with a log of its own a service runs them, here they are called as it calls them.
import { expect } from 'vitest';
import { restoreClaim } from '../../src/accept/claim.ts';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createRedis } from '../../src/base/redis.ts';
import { type KeepPeople, keepSuppressions, type PeopleState } from '../../src/contacts/keep.ts';
import type { SealRecord } from '../../src/contract/record.ts';
import { jobRowKey } from '../../src/ledger/keys.ts';
import { memoryKey } from '../../src/memory/keys.ts';
import { createMemory } from '../../src/memory/memory.ts';
import { finishJob } from '../../workers/memory/finish.ts';
import { countPlaces, type ReplayOptions, replayWords } from '../../workers/memory/replay.ts';
import { bulk } from './client.ts';
import type { ApiProgram, Stage } from './stage.ts';

const HOME = 's:s1';
/** Customers want to be told of all ends. */
const TOLD = 'afuJ';

export interface MemoryStage {
  /** The Redis whose replies are lost. */
  url: string;
  stage: Stage;
  service: ApiProgram;
}

export function memorySteps(now: () => MemoryStage): Record<string, () => Promise<void>> {
  let first = 9_700_000;
  const connected = async (work: (options: ReplayOptions) => Promise<void>): Promise<void> => {
    const { url, stage } = now();
    const redis = createRedis(url, clock);
    const { namespace } = stage;
    const sealOf = async (home: string, job: string): Promise<SealRecord> =>
      JSON.parse((await redis.client.hget(jobRowKey(namespace, home, job), 'seal')) ?? '');
    const nowMs = () => clock.now();
    const accounts = { sender: () => undefined, personOf: () => '', toldOf: () => TOLD };
    await work({ redis, namespace, run: 'r', sealOf, nowMs, toldMs: 0, ...accounts });
    await redis.close();
  };
  /** A job of two that has ended. */
  const ended = async (): Promise<string> => {
    first += 10;
    const { id } = await now().service.api.send(bulk(2, {}, first));
    await now().service.api.completed(id);
    return id;
  };
  return {
    standing: () =>
      connected(async ({ redis, namespace }) => {
        expect((await createMemory(redis, namespace, clock).standing()).run).not.toBe('');
      }),
    'how-people-stand': () =>
      connected(async ({ redis, namespace }) => {
        const told: PeopleState[] = [];
        const kept: KeepPeople = async (records) => void told.push(...(records as PeopleState[]));
        const owner = { workspace: 'acme', environment: 'live' } as const;
        await keepSuppressions({ redis, namespace, clock, kept }, owner, ['nobody']);
        expect(told).toMatchObject([{ person: 'nobody', stored: null, started: null }]);
      }),
    verified: () =>
      connected(async ({ redis, namespace }) => {
        expect(await createMemory(redis, namespace, clock).right()).toEqual(expect.any(Boolean));
      }),
    mark: () =>
      connected(({ redis, namespace }) =>
        createMemory(redis, namespace, clock).mark('jobs', new Map([[0, 7]])),
      ),
    confirm: () =>
      connected(async ({ redis, namespace }) => {
        const memory = createMemory(redis, namespace, clock);
        const { run } = await memory.standing();
        expect(await memory.confirm(run, new Map([['jobs', new Map([[0, 7]])]]))).toBe(true);
        expect(await redis.client.hget(memoryKey(namespace), 'jobs:0')).toBe('7');
      }),
    replay: () =>
      connected(async (options) => {
        const id = await ended();
        await replayWords(options, HOME, id, [
          { index: 0, text: 's,0,1' },
          { index: 0, text: 'e,0,1,f,1,0,0,r,' },
        ]);
        expect((await now().service.api.job(id)).counts).toMatchObject({ accepted: 1, failed: 1 });
      }),
    recount: () =>
      connected(async (options) => {
        const id = await ended();
        await options.redis.client.hset(jobRowKey(options.namespace, HOME, id), 'n:a', 7);
        await finishJob(options, HOME, id, true);
        expect((await now().service.api.job(id)).counts).toMatchObject({ accepted: 2, failed: 0 });
      }),
    'count-places': () =>
      connected((options) => countPlaces(options, HOME, 's1', { batch: 'b', seq: 1, ended: [clock.now()] })),
    'restore-claim': () =>
      connected(async (options) => {
        const seal = await options.sealOf(HOME, await ended());
        if (seal) await restoreClaim(options.redis, options.namespace, { ...seal, claim: 'a-claim' });
      }),
  };
}
