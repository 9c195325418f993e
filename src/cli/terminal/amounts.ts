// Numbers and times as people read them.

/** 1234 → "1,234" */
export const count = (n: number): string => n.toLocaleString('en-US');

/** 79.96 → "80.0"; from 1,000 on without a fraction. */
export const rate = (perSecond: number): string =>
  perSecond >= 999.95 ? count(Math.round(perSecond)) : perSecond.toFixed(1);

/** Milliseconds → "12.5 s", "3 min 20 s", "2 h 5 min". */
export function duration(ms: number): string {
  if (ms < 99_950) return `${(ms / 1_000).toFixed(1)} s`;
  return coarse(ms);
}

/** For what is still to come: no tenths, which would only flicker. 4,200 → "5 s" */
export function timeLeft(ms: number): string {
  return ms < 99_000 ? `${Math.ceil(ms / 1_000)} s` : coarse(ms);
}

function coarse(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}
