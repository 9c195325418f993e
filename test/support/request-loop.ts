// The script that counts requests, run for many moments in one call: the text of the script itself, in a loop inside Redis.
import path from 'node:path';
import type { Redis } from '../../src/base/redis.ts';
import { loadScript } from '../../src/base/script.ts';
import type { RollingLimit } from '../../src/contract/limit.ts';
import { limitKeys } from '../../src/pacing/keys.ts';
import { requestHome } from '../../src/pacing/requests.ts';

const script = loadScript(path.resolve(import.meta.dirname, '../../src/pacing'), 'lua/request.lua');
const LOOP = `
local given = ARGV
local ARGV = {}
for i = 2, #given do ARGV[i] = given[i] end
local function one()
${script.body}
end
local verdicts = {}
for at in given[1]:gmatch('%d+') do
  ARGV[1] = at
  verdicts[#verdicts + 1] = one()[1]
end
return verdicts`;

/** Whether each request, at its moment (µs, rising), was granted. */
export async function countRequests(
  redis: Redis,
  namespace: string,
  key: string,
  limits: readonly RollingLimit[],
  timesUs: readonly number[],
): Promise<boolean[]> {
  const keys = limits.flatMap(({ scope, name }) => {
    const { state, times } = limitKeys(namespace, requestHome(key), scope, name);
    return [state, times];
  });
  const specs = limits.flatMap(({ count, perMs }) => [count, perMs * 1_000]);
  const times = timesUs.map((at) => at.toFixed(0)).join(' ');
  const verdicts = await redis.client.eval(LOOP, keys.length, ...keys, times, 600_000, ...specs);
  return (verdicts as number[]).map((verdict) => verdict === 1);
}
