// Durations and timestamps as they stand on the wire: "45s", "10m", "24h" and ISO 8601 UTC. Inside, durations are milliseconds.
import { z } from 'zod';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_DURATION_MS = 30 * UNIT_MS.d;

/** "90s" → 90000; undefined when it is no duration, is zero, or exceeds 30 days. */
function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,10})(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return ms > 0 && ms <= MAX_DURATION_MS ? ms : undefined;
}

/** A duration on the wire, as milliseconds after parsing. */
export const durationSchema = z
  .string()
  .meta({ pattern: '^[0-9]{1,10}(ms|s|m|h|d)$', examples: ['10m'] })
  .transform((text, ctx) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    ctx.addIssue({
      code: 'custom',
      message: 'must be a duration such as "45s", "10m" or "24h", at most 30 days',
    });
    return z.NEVER;
  });

/** An ISO 8601 timestamp with its zone, as unix milliseconds after parsing. */
export const timestampSchema = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 timestamp such as "2026-12-01T09:00:00Z"' })
  .transform((text) => Date.parse(text))
  // Records hold times from 1970 on: an earlier one would make a job that nobody can read.
  .refine((ms) => ms >= 0, 'must not lie before 1970');

/** A timestamp in an answer. */
export const isoOut = z.iso.datetime();

/** Unix milliseconds → "2026-03-28T14:30:00.000Z". */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** Milliseconds → a duration on the wire, in the largest unit that it is whole in: 60000 → "1m". */
export function durationText(ms: number): string {
  const units = Object.entries(UNIT_MS).reverse();
  const [unit, size] = units.find(([, unitMs]) => ms % unitMs === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
