// Who was forgotten: what was said of them before counts no more, however late it is read. Keyed hashes only, and only as long as something older
// can still be read.
import { ask, type Redis } from '../base/redis.ts';
import { contactKeys, type Owner } from './keys.ts';

/** A week longer than a job lives. */
const KEPT_MS = 52 * 86_400_000;

type PersonOf = (workspace: string, to: string) => string;

/** An external id is hashed as a number is: the "x" keeps the two apart. */
export const namesOf = (
  personOf: PersonOf,
  { workspace }: Owner,
  { number, external_id: external }: { number?: string | undefined; external_id?: string | undefined },
): string[] => [
  ...(number === undefined ? [] : [personOf(workspace, number)]),
  ...(external === undefined ? [] : [`x${personOf(workspace, `x${external}`)}`]),
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
