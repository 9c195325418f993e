// The sandbox as the platform of every contestant: a process of its own, without limits, and the one clock of the benchmark.
import { setTimeout as wait } from 'node:timers/promises';
import { machineCpuSeconds, type Program, startProgram } from './processes.ts';

/** The ledger says when; this only bounds how late CPU times are read. */
const LOOK_MS = 40;
/**
 * Arrivals at the beginning and at the end that are not measured: warming up, and running dry. A process that lives for seconds spends a tenth
 * of them in the compiler, on threads beside its own; one that lives for weeks does not.
 */
const WARM_SHARE = 0.3;
const DRY_SHARE = 0.1;

export interface Downstream {
  url: string;
  pid: number;
  /** Forgets everything; no limits from here on. */
  reset(): Promise<void>;
  /** Waits for `count` arrivals and says how fast those came that neither warm up nor run dry. */
  measure(count: number, meters: Meters, patienceMs: number): Promise<Measured>;
  /** What is wrong with the ledger when exactly `count` messages should have arrived, each once. */
  faults(count: number): Promise<string[]>;
  /** Whether two ids in a row share nothing but what Meta's share: ids that count upwards would compress too well. */
  idsAreRandom(): Promise<boolean>;
  stop(): Promise<void>;
}

/** CPU seconds used so far, by process; undefined where the system does not tell. */
export type Meters = Record<string, () => number | undefined | Promise<number>>;

export interface Measured {
  perSecond: number;
  /** CPU seconds per 1,000 messages, by process; absent where the system does not tell. */
  cpu: Record<string, number>;
  /** Cores that programs which do not belong to this run kept busy meanwhile: two rounds with different values compare badly. */
  coresElsewhere: number | undefined;
}

export async function startDownstream(): Promise<Downstream> {
  const program = startProgram(['sandbox/main.ts'], { SANDBOX_PORT: '0' });
  const url = (await program.says(/^sandbox listening on (\S+)$/))[1] ?? '';
  return { url, pid: program.pid, ...callsOf(url, program) };
}

function callsOf(url: string, program: Program): Omit<Downstream, 'url' | 'pid'> {
  return {
    reset: async () => {
      await ask(url, 'POST', '/control/reset');
      await ask(url, 'PUT', '/control/settings', { default_throughput: 'unlimited' });
    },
    measure: (count, meters, patienceMs) => measure(url, count, meters, patienceMs),
    faults: (count) => faultsOf(url, count),
    idsAreRandom: () => idsAreRandom(url),
    stop: () => program.stop(),
  };
}

/** The names of meters that are the benchmark's own. */
const MACHINE = 'machine';
const theRest: Meters = {
  [MACHINE]: machineCpuSeconds,
  bench: () => (process.cpuUsage().user + process.cpuUsage().system) / 1_000_000,
};

async function measure(url: string, count: number, meters: Meters, patienceMs: number): Promise<Measured> {
  const giveUpAt = performance.now() + patienceMs;
  const first = Math.max(1, Math.floor(count * WARM_SHARE));
  const last = Math.ceil(count * (1 - DRY_SHARE));
  const fromUs = await arrivalOf(url, first, giveUpAt);
  const before = await cpuNow({ ...meters, ...theRest });
  const untilUs = await arrivalOf(url, last, giveUpAt);
  const after = await cpuNow({ ...meters, ...theRest });
  await arrivalOf(url, count, giveUpAt);
  const used: [string, number][] = Object.entries(after).flatMap(([who, until]) => {
    const from = before[who];
    return from === undefined || until === undefined ? [] : [[who, until - from]];
  });
  const seconds = (untilUs - fromUs) / 1_000_000;
  const ours = used.filter(([who]) => who !== MACHINE).reduce((sum, [, one]) => sum + one, 0);
  const all = used.find(([who]) => who === MACHINE)?.[1];
  const thousands = (last - first) / 1_000;
  return {
    perSecond: (last - first) / seconds,
    cpu: Object.fromEntries(
      used.filter(([who]) => who !== MACHINE).map(([who, one]) => [who, one / thousands]),
    ),
    coresElsewhere: all === undefined ? undefined : Math.max(0, all - ours) / seconds,
  };
}

async function cpuNow(meters: Meters): Promise<Record<string, number | undefined>> {
  const read = Object.entries(meters).map(async ([who, meter]) => [who, await meter()] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** Asks for one row of the ledger: that costs the sandbox next to nothing, however many it holds. */
async function arrivalOf(url: string, seq: number, giveUpAt: number): Promise<number> {
  while (performance.now() < giveUpAt) {
    const page = await ask<{ arrivals: { at_us: number }[] }>(
      url,
      'GET',
      `/ledger/arrivals?since=${seq - 1}&limit=1`,
    );
    const row = page.arrivals[0];
    if (row) return row.at_us;
    await wait(LOOK_MS);
  }
  const { totals } = await ask<{ totals: { arrivals: number } }>(url, 'GET', '/ledger');
  throw new Error(`the sandbox has seen ${totals.arrivals} arrivals and waits for number ${seq}`);
}

const SERIAL_DIGITS = 18;
/** Two random serials begin with the same four digits once in 65,536 times. */
const SHARED_DIGITS = 4;

async function idsAreRandom(url: string): Promise<boolean> {
  const [one, other] = [await serialOf(url, '+4915100000001'), await serialOf(url, '+4915100000002')];
  return one.slice(0, SHARED_DIGITS) !== other.slice(0, SHARED_DIGITS);
}

async function serialOf(url: string, to: string): Promise<string> {
  const body = { messaging_product: 'whatsapp', to, type: 'text', text: { body: 'hello' } };
  const path = '/v23.0/10999999/messages';
  const { messages } = await ask<{ messages: { id: string }[] }>(url, 'POST', path, body, 'any-token');
  const bytes = Buffer.from(messages[0]?.id.replace('wamid.', '') ?? '', 'base64').toString('latin1');
  return bytes.slice(-1 - SERIAL_DIGITS, -1);
}

interface Report {
  totals: { arrivals: number; taken: number; refused: Record<string, number> };
  recipients: number;
  repeats: number;
  violations: { total: number };
}

async function faultsOf(url: string, count: number): Promise<string[]> {
  const { totals, recipients, repeats, violations } = await ask<Report>(url, 'GET', '/ledger');
  const expected: [string, number, number][] = [
    ['arrivals', totals.arrivals, count],
    ['taken', totals.taken, count],
    ['recipients', recipients, count],
    ['repeats', repeats, 0],
    ['violations', violations.total, 0],
  ];
  return expected
    .filter(([, is, should]) => is !== should)
    .map(([what, is, should]) => `sandbox: ${what} ${is}, should be ${should}`);
}

async function ask<Answer>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  token = '',
): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
