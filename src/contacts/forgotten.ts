// Who was forgotten: what was said of them before counts no more, however late it is read. Keyed hashes only, and only as long as something older
// can still be read.
import type { Persons } from '../base/person.ts';
import { ask, type Redis } from '../base/redis.ts';
import { isErased, type Row, type SealRecord } from '../contract/record.ts';
import { contactKeys, type Owner } from './keys.ts';
import { type LookUpOptions, lookUp } from './look-up.ts';

/** A week longer than a job lives. */
const KEPT_MS = 52 * 86_400_000;

/** Every key that they may stand under. An external id is hashed as a number is: the "x" keeps the two apart. */
export const namesOf = (
  persons: Persons,
  { workspace }: Owner,
  { number, external_id: external }: { number?: string | undefined; external_id?: string | undefined },
): string[] => [
  ...(number === undefined
    ? []
    : new Set([persons.of(workspace, number), ...persons.everyOf(workspace, number)])),
  ...(external === undefined ? [] : persons.everyOf(workspace, `x${external}`).map((one) => `x${one}`)),
];

export async function noteForgotten(
  { client }: Redis,
  namespace: string,
  owner: Owner,
  names: readonly string[],
  atMs: number,
  nowMs: number,
): Promise<void> {
  if (names.length === 0 || atMs < nowMs - KEPT_MS) return;
  const { forgotten } = contactKeys(namespace, owner);
  await ask(client.zadd(forgotten, 'GT', ...names.flatMap((name) => [atMs, name])));
  await ask(client.zremrangebyscore(forgotten, '-inf', nowMs - KEPT_MS));
  await ask(client.pexpire(forgotten, KEPT_MS));
}

/** Whether one of them was forgotten after this was said. */
export async function isForgotten(
  { client }: Redis,
  namespace: string,
  owner: Owner,
  names: readonly string[],
  saidMs: number,
): Promise<boolean> {
  if (names.length === 0) return false;
  const times = await ask(client.zmscore(contactKeys(namespace, owner).forgotten, ...names));
  return times.some((at) => at !== null && Number(at) >= saidMs);
}

/** What of a job says whose its rows are, and since when. */
type JobOf = Pick<SealRecord, 'workspace' | 'environment' | 'kind' | 'created_at'>;

/** Of these rows of a job, the places of those whose people were forgotten after it came. */
export async function forgottenRows(
  options: LookUpOptions,
  job: JobOf,
  rows: readonly Row[],
): Promise<ReadonlySet<number>> {
  const { redis, namespace } = options;
  const { forgotten } = contactKeys(namespace, job);
  if (rows.length === 0 || (await ask(redis.client.exists(forgotten))) === 0) return new Set();
  const items = rows.flatMap((row, at) => (row === 0 || isErased(row) ? [] : [{ at, row }]));
  const numbered = items.filter(({ row }) => row[0] !== '');
  const standings = await lookUp(
    options,
    job,
    numbered.map(({ row }) => row[0]),
  );
  const gone = [...standings].flatMap(([i, { forgottenMs = -1 }]) =>
    forgottenMs >= job.created_at ? [numbered[i]?.at ?? -1] : [],
  );
  return new Set([...gone, ...(job.kind === 'contacts' ? await goneByExternal(options, job, items) : [])]);
}

/** A row of a contact job has the external id in the place of the reference. */
async function goneByExternal(
  { redis, namespace, persons }: LookUpOptions,
  job: JobOf,
  items: readonly { at: number; row: Exclude<Row, 0> }[],
): Promise<number[]> {
  const named = items.flatMap(({ at, row: [, , external] }) =>
    external ? namesOf(persons, job, { external_id: external }).map((name) => ({ at, name })) : [],
  );
  if (named.length === 0) return [];
  const names = named.map(({ name }) => name);
  const times = await ask(redis.client.zmscore(contactKeys(namespace, job).forgotten, ...names));
  return named.flatMap(({ at }, i) => (Number(times[i] ?? -1) >= job.created_at ? [at] : []));
}
