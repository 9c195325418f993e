// When so many of the messages that wait will have gone: the forecast of the homes where most of them wait. For who is refused because too many do.
import type { Relief } from '../accept/backlog.ts';
import { forecast, type Outlook } from '../pacing/forecast.ts';
import type { HomeStates } from './home-state.ts';
import { loadsOf } from './outlook.ts';

/** Homes that are asked; what waits elsewhere is taken to go as fast. */
const MAX_HOMES = 16;

export function createRelief(states: HomeStates): Relief {
  return async (waiting, count) => {
    const all = sumOf(waiting.values());
    const most = [...waiting].sort(([, a], [, b]) => b - a).slice(0, MAX_HOMES);
    const part = sumOf(most.map(([, some]) => some)) / Math.max(1, all);
    const outlooks = await Promise.all(
      most.map(async ([home]) => {
        const state = await states.read(home, '');
        return { nowUs: state.nowUs, outlooks: forecast(loadsOf(state, undefined, []), state.nowUs) };
      }),
    );
    const nowUs = Math.max(0, ...outlooks.map((one) => one.nowUs));
    const goneUs = whenGone(
      outlooks.flatMap((one) => [...one.outlooks.values()]),
      count * part,
    );
    return goneUs === undefined ? undefined : Math.max(0, goneUs - nowUs) / 1_000;
  };
}

const sumOf = (counts: Iterable<number>): number => [...counts].reduce((sum, one) => sum + one, 0);

/** The moment by which `count` have gone, by stretches of even flow; undefined: not as far as anybody can see. */
function whenGone(outlooks: readonly Outlook[], count: number): number | undefined {
  const stretches = outlooks.flatMap((one) => one.stretches.filter((stretch) => stretch.count > 0));
  const turns = [...new Set(stretches.flatMap(({ fromUs, toUs }) => [fromUs, toUs]))].sort((a, b) => a - b);
  const goneBy = (atUs: number): number =>
    stretches.reduce((sum, { fromUs, toUs, count: all }) => {
      const part = (Math.min(atUs, toUs) - fromUs) / Math.max(1, toUs - fromUs);
      return sum + all * Math.max(0, part);
    }, 0);
  let low = 0;
  let high = turns.length - 1;
  const last = turns[high];
  if (last === undefined || goneBy(last) < count) return undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (goneBy(turns[middle] ?? 0) >= count) high = middle;
    else low = middle + 1;
  }
  const toUs = turns[low] ?? 0;
  const fromUs = turns[Math.max(0, low - 1)] ?? 0;
  const before = goneBy(fromUs);
  const within = goneBy(toUs) - before;
  return within > 0 ? fromUs + ((count - before) / within) * (toUs - fromUs) : toUs;
}
