// The line that shows how far a job is: pure, from numbers to text.
import { count, duration, rate, timeLeft } from './amounts.ts';
import type { Style } from './style.ts';

export interface Progress {
  done: number;
  total: number;
  /** Over the last few seconds; undefined until there is something to measure. */
  perSecond: number | undefined;
  elapsedMs: number;
  /** What it is waiting for when nothing moves, in words. */
  note?: string | undefined;
  /** Of `done` and `total`; none: recipients. */
  unit?: string;
}

const BAR_MAX = 40;
const BAR_MIN = 8;

/** One line for a terminal of `columns`: a bar, done/total, rate, time left. Never wider than `columns` − 1. */
export function barLine(progress: Progress, columns: number, style: Style): string {
  const text = `  ${tallyOf(progress)}  ${tailOf(progress)}`;
  const room = columns - 1 - text.length - 2;
  if (room < BAR_MIN) return text.trim().slice(0, Math.max(0, columns - 1));
  const width = Math.min(BAR_MAX, room);
  const filled = Math.floor(fractionOf(progress) * width);
  const bar = style.accent('█'.repeat(filled)) + style.dim('░'.repeat(width - filled));
  return `  ${bar}${text}`;
}

/** The same for a log: no bar, nothing that is redrawn. */
export function plainLine(progress: Progress): string {
  const percent = Math.floor(fractionOf(progress) * 100);
  return `${tallyOf(progress).trim()} (${percent} %), ${tailOf(progress).trim().replace(/ {2,}/, ', ')}`;
}

const fractionOf = ({ done, total }: Progress): number => (total === 0 ? 1 : Math.min(1, done / total));

/** Of constant width while the job runs, so that what follows does not jump. */
function tallyOf({ done, total, unit }: Progress): string {
  const whole = count(total);
  return `${count(done).padStart(whole.length)}/${whole}${unit ? ` ${unit}` : ''}`;
}

function tailOf({ done, total, perSecond, elapsedMs, note }: Progress): string {
  if (done >= total) return `${rate(averageOf(total, elapsedMs))}/s  done in ${duration(elapsedMs)}`;
  if (perSecond === undefined) return note ?? 'starting …';
  if (perSecond < 0.05) return note ?? 'waiting …';
  return `${rate(perSecond).padStart(5)}/s  ${timeLeft(((total - done) / perSecond) * 1_000)} left`;
}

const averageOf = (total: number, elapsedMs: number): number => (total / Math.max(1, elapsedMs)) * 1_000;
