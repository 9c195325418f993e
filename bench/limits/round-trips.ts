// Preloaded into a dispatch process (`--import`): writes down how long every call took, from the write to the last byte of the answer, as the
// HTTP client itself reports it, and how long the process could not run at all. Lines "path unix-µs-of-the-write µs-it-took" and
// "stalled ms of-ms", appended every 250 ms: a killed process leaves all but its last moments.
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';

const FLUSH_MS = 250;
/** A timer is late by a millisecond or two; what is later than this was not the timer. */
const TICK_MS = 10;
const STALL_MS = 10;
/** Later than this, and the process was stopped on purpose. */
const FREEZE_MS = 2_000;
const file = process.env.SLUICE_BENCH_ROUND_TRIPS;

interface Told {
  request: { path: string };
}

if (file !== undefined) {
  const written = new WeakMap<object, number>();
  let lines = '';
  subscribe('undici:client:sendHeaders', (message) => {
    written.set((message as Told).request, performance.now());
  });
  subscribe('undici:request:trailers', (message) => {
    const { request } = message as Told;
    const atMs = written.get(request);
    if (atMs === undefined) return;
    const writtenUs = Math.round((performance.timeOrigin + atMs) * 1_000);
    lines += `${request.path} ${writtenUs} ${Math.round((performance.now() - atMs) * 1_000)}\n`;
  });

  let tickedAtMs = performance.now();
  let stalledMs = 0;
  setInterval(() => {
    const nowMs = performance.now();
    const lateMs = nowMs - tickedAtMs - TICK_MS;
    tickedAtMs = nowMs;
    if (lateMs > STALL_MS && lateMs < FREEZE_MS) stalledMs += lateMs;
  }, TICK_MS).unref();

  let flushedAtMs = performance.now();
  const flush = (): void => {
    const nowMs = performance.now();
    appendFileSync(file, `${lines}stalled ${stalledMs.toFixed(1)} ${(nowMs - flushedAtMs).toFixed(1)}\n`);
    lines = '';
    stalledMs = 0;
    flushedAtMs = nowMs;
  };
  setInterval(flush, FLUSH_MS).unref();
  process.on('exit', flush);
}
