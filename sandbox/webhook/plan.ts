// Which statuses a taken message gets, and when: pure, from the rules and chance.
import type { Random } from '../random.ts';
import type { WebhookRules } from './rules.ts';

export interface PlannedStatus {
  status: 'sent' | 'delivered' | 'read' | 'failed';
  /** Milliseconds after the message was taken or answered. */
  afterMs: number;
  opaque: boolean;
}

export function planStatuses(rules: WebhookRules, random: Random): PlannedStatus[] {
  const strikes = (chance: number): boolean => random() < chance;
  const pause = (): number => rules.delay_ms.min + random() * (rules.delay_ms.max - rules.delay_ms.min);
  if (strikes(rules.silent)) return [];
  const statuses = journeyOf(rules, strikes);
  const times: number[] = [];
  for (const _status of statuses) times.push((times.at(-1) ?? 0) + pause());
  if (strikes(rules.reorder)) shuffle(times, random);
  return statuses.flatMap((status, at) => {
    const planned = { status, afterMs: times[at] ?? 0, opaque: !strikes(rules.no_opaque) };
    return strikes(rules.duplicate)
      ? [planned, { ...planned, afterMs: planned.afterMs + pause() }]
      : [planned];
  });
}

function journeyOf(rules: WebhookRules, strikes: (chance: number) => boolean): PlannedStatus['status'][] {
  if (strikes(rules.fail)) return ['sent', 'failed'];
  if (strikes(rules.skip_delivered)) return ['sent', 'read'];
  return strikes(rules.read) ? ['sent', 'delivered', 'read'] : ['sent', 'delivered'];
}

function shuffle(list: number[], random: Random): void {
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [list[at], list[other]] = [list[other] as number, list[at] as number];
  }
}
