// Stretches of a forecast as a timeline that a person reads: whole messages, at most a hundred lines.
import { holdOf } from '../contract/hold.ts';
import { isoTime } from '../contract/time.ts';
import type { Stretch } from '../pacing/forecast.ts';

const MAX_LINES = 100;

export interface TimelineLine {
  start: string;
  end: string;
  count: number;
  /** The limit or reason that bound; null: none. */
  limit: string | null;
  scope: string | null;
  message: string | null;
}

/** `groups`: the stretches of flows that go side by side. */
export function timelineOf(groups: readonly (readonly Stretch[])[], job: string): TimelineLine[] {
  const lines = shortened(together(groups).filter(({ fromUs, toUs }) => toUs > fromUs));
  let gone = 0;
  let told = 0;
  return lines.map(({ fromUs, toUs, count, limit, scope }) => {
    gone += count;
    const whole = Math.round(gone) - told;
    told += whole;
    const hold = limit === undefined ? undefined : holdOf({ limit, scope: scope || job, untilMs: null });
    return {
      start: isoTime(Math.round(fromUs / 1_000)),
      end: isoTime(Math.round(toUs / 1_000)),
      count: whole,
      limit: limit ?? null,
      scope: hold?.scope ?? null,
      message: hold?.message ?? null,
    };
  });
}

/** One line of time: cut wherever a stretch of any group begins or ends. What binds is told by the group that has most to wait for it. */
function together(groups: readonly (readonly Stretch[])[]): Stretch[] {
  const [only, ...others] = groups;
  if (others.length === 0) return [...(only ?? [])];
  const cuts = [...new Set(groups.flat().flatMap(({ fromUs, toUs }) => [fromUs, toUs]))].sort(
    (a, b) => a - b,
  );
  const merged: Stretch[] = [];
  for (const [i, fromUs] of cuts.slice(0, -1).entries()) {
    const toUs = cuts[i + 1] ?? fromUs;
    const here = groups.flatMap((own) => own.find((one) => one.fromUs <= fromUs && one.toUs >= toUs) ?? []);
    const part = (one: Stretch): number => (one.count * (toUs - fromUs)) / (one.toUs - one.fromUs);
    const first = here.toSorted((a, b) => part(b) - part(a))[0];
    const last = merged.at(-1);
    const count = here.reduce((sum, one) => sum + part(one), 0);
    if (last && last.limit === first?.limit && last.scope === first?.scope) {
      last.toUs = toUs;
      last.count += count;
    } else merged.push({ fromUs, toUs, count, limit: first?.limit, scope: first?.scope ?? '' });
  }
  return merged;
}

/** Joins neighbours, the shortest first, until few enough are left; the one with more messages says what bound. */
function shortened(stretches: readonly Stretch[]): Stretch[] {
  const lines = stretches.map((one) => ({ ...one }));
  while (lines.length > MAX_LINES) {
    let at = 1;
    const length = (i: number): number => (lines[i]?.toUs ?? 0) - (lines[i - 1]?.fromUs ?? 0);
    for (let i = 2; i < lines.length; i += 1) if (length(i) < length(at)) at = i;
    const [before, after] = lines.splice(at - 1, 2);
    if (!before || !after) break;
    const told = before.count >= after.count ? before : after;
    const joined = { fromUs: before.fromUs, toUs: after.toUs, count: before.count + after.count };
    lines.splice(at - 1, 0, { ...told, ...joined });
  }
  return lines;
}
