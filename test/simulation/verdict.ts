// Judges a world by its histories: what clients were told, what arrived at the platform, what the scripts answered, and how the jobs ended.
import type { Redis } from '../../src/base/redis.ts';
import { STATUS_BYTE } from '../../src/contract/job.ts';
import { laneKeys, lanesKey } from '../../src/lanes/keys.ts';
import { createAttemptIds } from '../../src/ledger/attempt-id.ts';
import { jobKeys, jobListKey } from '../../src/ledger/keys.ts';
import { createLedger } from '../../src/ledger/ledger.ts';
import type { JobRow } from '../../src/ledger/row.ts';
import { type Setting, secret, WORKSPACE } from './cast.ts';
import type { Clients, Told } from './clients.ts';
import type { Call } from './virtual-platform.ts';
import { watchScripts } from './watch-scripts.ts';

const ENDED = new Set(['completed', 'canceled', 'expired']);
const LANE_GRACE_US = 2_000_000;
const attempts = createAttemptIds(secret);

export interface Verdict {
  /** Whether there is nothing left to wait for. */
  quiet(): Promise<boolean>;
  /** What is broken, in words. */
  judge(): Promise<string[]>;
}

/** `direct` reads Redis without the world's leave. */
export function createVerdict(setting: Setting, clients: Clients, direct: Redis): Verdict {
  const { namespace, world, senders } = setting;
  const clock = { ...noClock, now: () => world.nowUs / 1_000 };
  const ledger = createLedger({ redis: direct, namespace, clock, homeOfLetters: () => undefined });
  const late: string[] = [];
  setting.redis.onScript = watchScripts(late);

  const rest = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const { id, home } of senders.values()) {
      const keys = laneKeys(namespace, { home, sender: id });
      const [fly, later, dueUs] = await Promise.all([
        direct.client.zcard(keys.fly),
        direct.client.zcard(keys.later),
        direct.client.zscore(lanesKey(namespace, home), id),
      ]);
      if (fly > 0) found.push(`lane ${id} has ${fly} runs that never landed`);
      if (later > 0) found.push(`lane ${id} has ${later} items that wait`);
      if (dueUs !== null && Number(dueUs) < world.nowUs - LANE_GRACE_US)
        found.push(`lane ${id} is asleep with something due`);
    }
    return found;
  };

  return {
    quiet: async () => {
      if (clients.busy() > 0 || !world.untroubled) return false;
      for (const { home, job } of clients.told) {
        const row = await ledger.row(home, job);
        if (!row || !ENDED.has(row.state)) return false;
      }
      return (await rest()).length === 0;
    },
    judge: async () => {
      const broken = [...late, ...(await rest())];
      if (clients.busy() > 0) broken.push(`${clients.busy()} clients were never answered`);
      const jobs = new Map(clients.told.map((told) => [told.job, told]));
      for (const [key, some] of Map.groupBy(clients.told, ({ order }) => order.key)) {
        const ids = new Set(some.map(({ job }) => job));
        if (ids.size > 1) broken.push(`${key} has ${ids.size} jobs`);
      }
      const listed = await direct.client.zrange(jobListKey(namespace, WORKSPACE, 'live'), 0, '-1');
      for (const id of listed) if (!jobs.has(id)) broken.push(`${id} is nobody's job`);
      const calls = Map.groupBy(
        setting.platform.calls,
        ({ attemptId }) => attempts.read(attemptId)?.job ?? '',
      );
      for (const [id, told] of jobs) {
        const row = await ledger.row(told.home, id);
        if (!row) broken.push(`${id} was accepted and is not there`);
        else broken.push(...(await judgeJob(setting, clients, direct, told, row, calls.get(id) ?? [])));
      }
      return broken;
    },
  };
}

async function judgeJob(
  setting: Setting,
  clients: Clients,
  direct: Redis,
  { home, job, order }: Told,
  row: JobRow,
  calls: readonly Call[],
): Promise<string[]> {
  const broken: string[] = [];
  if (!ENDED.has(row.state)) broken.push(`${job} is ${row.state}`);
  if (clients.canceled.has(job) && row.state !== 'canceled')
    broken.push(`${job} was canceled and is ${row.state}`);
  const keys = jobKeys(setting.namespace, home, job, row.seal.fingerprint);
  const [statuses, tries] = await Promise.all([
    direct.client.get(keys.statuses),
    direct.client.getBuffer(keys.tries),
  ]);
  const letters = statuses ?? '';
  if (letters.length !== order.recipients.length) broken.push(`${job} has ${letters.length} items`);
  broken.push(...(await miscounted(direct, keys.row, job, letters)));
  const byItem = Map.groupBy(calls, ({ attemptId }) => attempts.read(attemptId)?.index ?? -1);
  for (const [index, letter] of [...letters].entries()) {
    const own = byItem.get(index) ?? [];
    const problem = judgeItem(setting, letter, own, tries?.[index] ?? 0, order.onUnknown);
    if (problem) broken.push(`item ${index} of ${job} is '${letter}' and ${problem}`);
  }
  return broken;
}

async function miscounted(direct: Redis, key: string, job: string, letters: string): Promise<string[]> {
  const names = Object.values(STATUS_BYTE);
  const counts = await direct.client.hmget(key, ...names.map((byte) => `n:${byte}`));
  return names.flatMap((byte, i) => {
    const actual = [...letters].filter((one) => one === byte).length;
    return byte === STATUS_BYTE.absent || Number(counts[i] ?? 0) === actual
      ? []
      : [`${job} counts ${counts[i]} of '${byte}' and has ${actual}`];
  });
}

/** What is wrong with this end of an item, by what happened to its calls. */
function judgeItem(
  setting: Setting,
  letter: string,
  calls: readonly Call[],
  tries: number,
  onUnknown: 'hold' | 'resend',
): string | undefined {
  const taken = calls.filter(({ said }) => said === 'accepted');
  if (new Set(calls.map(({ attemptId }) => attemptId)).size < calls.length)
    return 'one attempt was made twice';
  const excused = onUnknown === 'resend' && taken.some((call) => wasLate(setting, call));
  if (taken.length > (excused ? 2 : 1)) return `arrived ${taken.length} times`;
  if (letter === 'a') return taken.length > 0 ? undefined : 'never arrived';
  if (letter === 'f' || letter === 'c')
    return taken.length > 0 && !excused ? 'the platform has it' : undefined;
  if (letter !== 'u') return 'has not ended';
  const last = calls.find(({ attemptId }) => attempts.read(attemptId)?.try === tries);
  if (last) return isUnheard(last) ? undefined : `its answer was heard: ${last.heard}`;
  // Started and never called: somebody died, stood still, or lost the answer to its take.
  return setting.world.faults.length > 0 ? undefined : 'nothing had happened';
}

/** Nobody gave an answer that decides, or its hearer is dead. */
const isUnheard = ({ heard, by }: Call): boolean => heard === undefined || heard === 'unknown' || !by.alive;

/** Its answer did not come, or may have come after the item had been given up. */
const wasLate = ({ world }: Setting, call: Call): boolean =>
  isUnheard(call) || world.faults.some(({ actor }) => actor === call.by.name);

const unused = (): never => {
  throw new Error('the verdict waits for nothing');
};
const noClock = {
  monotonicUs: () => 0,
  after: unused,
  delay: unused,
  random: unused,
  randomHex: unused,
};
