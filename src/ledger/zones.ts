// Which set of time zones each row of a job belongs to, where it has quiet hours for each recipient: the byte that intake wrote.
import { ask, type Redis } from '../base/redis.ts';
import { jobKeys, jobRowKey } from './keys.ts';

/** The numbers of the sets of these rows; undefined where the job has none. The rows are those of one page, in order. */
export async function zoneNumbers(
  redis: Redis,
  namespace: string,
  home: string,
  job: string,
  rows: readonly number[],
): Promise<(number | undefined)[]> {
  const [first, last] = [rows[0] ?? 0, rows.at(-1) ?? 0];
  const fingerprint = await ask(redis.client.hget(jobRowKey(namespace, home, job), 'fp'));
  if (!fingerprint) return rows.map(() => undefined);
  const { zones } = jobKeys(namespace, home, job, fingerprint);
  const bytes = await ask(redis.client.getrangeBuffer(zones, first, last));
  return rows.map((row) => bytes[row - first]);
}
