// The judge: reads the histories and nothing else. Pure, so that it is tested by itself.
import type { Arrived, Ended, Posted, Struck, Told, Took } from './history.ts';

export interface Evidence {
  client: readonly Posted[];
  platform: readonly Arrived[];
  faults: readonly Struck[];
  lanes: readonly Took[];
  sink: readonly Told[];
  ends: readonly Ended[];
  /** Jobs that the service lists. */
  listed: number;
  /** After the last fault everything must have ended within this. */
  patienceMs: number;
  /** Messages may be sent once more after nobody has heard of them: once for each such. */
  resends: boolean;
  /** Nothing was killed: then nothing may be unknown, and no post refused. */
  gentle: boolean;
}

export interface Verdict {
  violations: string[];
  figures: Record<string, number>;
}

const OPEN = new Set(['', 'accepted', 'scheduled', 'queued', 'sending', 'paused', 'canceling']);

export function judge(evidence: Evidence): Verdict {
  const { client, ends, faults } = evidence;
  const acknowledged = new Map<string, Set<string>>();
  for (const { key, status, job } of client) {
    if (status !== 202 || !job) continue;
    acknowledged.set(key, (acknowledged.get(key) ?? new Set()).add(job));
  }
  const keys = new Set(client.map(({ key }) => key));
  const never = ends.filter(({ status }) => OPEN.has(status));
  const lastFaultAt = faults.reduce((last, { at }) => Math.max(last, at), 0);
  const lastEndAt = ends.reduce((last, { at }) => Math.max(last, at), 0);
  const figures: Record<string, number> = {
    posts: client.length,
    'jobs acknowledged': acknowledged.size,
    faults: faults.length,
    'acknowledged and never ended': never.length,
    'last end after the last fault (ms)': faults.length > 0 ? Math.max(0, lastEndAt - lastFaultAt) : 0,
  };
  const violations = [
    ...never.map(({ job, status }) => `${job} was acknowledged and never ended: ${status || 'not there'}`),
    ...[...keys].filter((key) => !acknowledged.has(key)).map((key) => `${key} was never acknowledged`),
    ...[...acknowledged].flatMap(([key, jobs]) =>
      jobs.size > 1 ? [`${key} was answered with ${jobs.size} jobs`] : [],
    ),
    ...(evidence.listed > keys.size ? [`${evidence.listed} jobs for ${keys.size} keys`] : []),
    ...(faults.length > 0 && lastEndAt - lastFaultAt > evidence.patienceMs
      ? [`the last job ended ${lastEndAt - lastFaultAt} ms after the last fault`]
      : []),
    ...sums(ends),
    ...received(evidence, figures),
    ...unknowns(evidence, figures),
    ...fences(evidence.lanes),
    ...told(evidence, figures),
    ...gently(evidence),
  ];
  return { violations, figures };
}

function sums(ends: readonly Ended[]): string[] {
  return ends.flatMap(({ job, counts, items }) => {
    const { total = 0, queued = 0, sending = 0, accepted = 0, failed = 0, unknown = 0 } = counts;
    const { canceled = 0, expired = 0, suppressed = 0 } = counts;
    const sum = queued + sending + accepted + failed + unknown + canceled + expired + suppressed;
    return sum === total && items.length === total
      ? []
      : [`${job} counts ${sum} of ${total}, and has ${items.length} items`];
  });
}

/** Each person at most once, and what the items say is what the platform saw. */
function received({ platform, ends, resends }: Evidence, figures: Record<string, number>): string[] {
  const taken = new Map<string, number>();
  for (const one of platform) if (one.taken) taken.set(one.to, (taken.get(one.to) ?? 0) + 1);
  const most = resends ? 2 : 1;
  const twice = [...taken].filter(([, times]) => times > most);
  const items = ends.flatMap((end) => end.items);
  const lied = items.filter(
    ({ to, status }) => ACCEPTED.has(status) !== taken.has(to) && status !== 'unknown',
  );
  figures.received = taken.size;
  figures['received twice'] = twice.length;
  const failed = items.filter(({ status }) => status === 'failed');
  figures['neither accepted nor unknown'] = failed.length;
  return [
    ...failed.map(({ to }) => `…${to.slice(-4)} has failed, and nothing has refused it`),
    ...twice.map(([to, times]) => `…${to.slice(-4)} received ${times} messages`),
    ...lied
      .filter(({ status }) => !WAITING.has(status))
      .map(
        ({ to, status }) =>
          `…${to.slice(-4)} is ${status}, and ${taken.has(to) ? 'received it' : 'never did'}`,
      ),
  ];
}

const ACCEPTED = new Set(['accepted', 'delivered', 'read']);
const WAITING = new Set(['queued', 'sending']);

/** Unknown is only what had been started and was not answered when something was done to its worker. */
function unknowns({ faults, ends }: Evidence, figures: Record<string, number>): string[] {
  const unknown = ends.flatMap((end) => end.items).filter(({ status }) => status === 'unknown').length;
  const bound = faults.reduce((sum, { sending }) => sum + sending, 0);
  figures.unknown = unknown;
  figures['started and unanswered at the faults'] = bound;
  return unknown > bound
    ? [`${unknown} are unknown, and only ${bound} had been started and not answered`]
    : [];
}

/** A lane's takes carry a fence that never falls. */
function fences(lanes: readonly Took[]): string[] {
  const highest = new Map<string, number>();
  const fell = new Set<string>();
  for (const { lane, fence } of lanes) {
    if (fence < (highest.get(lane) ?? 0)) fell.add(lane);
    highest.set(lane, Math.max(fence, highest.get(lane) ?? 0));
  }
  return [...fell].map((lane) => `a turn that was over took messages of ${lane}`);
}

const TOLD = new Set(['accepted', 'unknown']);

/** Each item that ended is told, under one id for what it became. */
function told({ sink, ends }: Evidence, figures: Record<string, number>): string[] {
  if (sink.length === 0) return [];
  const ids = new Map<string, Set<string>>();
  const heard = new Set<string>();
  for (const { id, type, created, job, index } of sink) {
    // A message may become unknown once with each try, when it turned out in between that the one before had not been sent.
    const which = type === 'message.unknown' ? ` ${created}` : '';
    const what = `${type} ${job} ${index}${which}`;
    heard.add(`${type} ${job} ${index}`);
    ids.set(what, (ids.get(what) ?? new Set()).add(id));
  }
  const missing = ends.flatMap(({ job, items }) =>
    items.filter(({ status, index }) => TOLD.has(status) && !heard.has(`message.${status} ${job} ${index}`)),
  );
  figures['events told'] = sink.length;
  return [
    ...[...ids]
      .filter(([, own]) => own.size > 1)
      .map(([what, own]) => `${what} was told under ${own.size} ids`),
    ...(missing.length > 0 ? [`${missing.length} accepted or unknown messages were never told`] : []),
  ];
}

function gently({ gentle, client, ends }: Evidence): string[] {
  if (!gentle) return [];
  const refused = client.filter(({ status, refused: closed }) => status !== 202 && !closed).length;
  const unknown = ends.flatMap((end) => end.items).filter(({ status }) => status === 'unknown').length;
  return [
    ...(refused > 0 ? [`${refused} posts were refused`] : []),
    ...(unknown > 0 ? [`${unknown} are unknown`] : []),
  ];
}
