// Quiet hours at the receiver: nobody gets a message while it is quiet where they are, a job stops when its hour has come and goes on when
// it opens, and what nobody can place is held until the job expires.
import { expect, test } from 'vitest';
import { expectSum } from '../support/both-ends.ts';
import { bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const MINUTE_MS = 60_000;
/** A lane begins within five seconds of its opening; BullMQ and a busy machine need a moment more. */
const OPEN_MAX_MS = 7_500;
const served = servedStage({
  senders: [
    { id: 's1', throughput: 10 },
    { id: 's2', throughput: 80 },
  ],
});

/** "21:05" as a clock in the zone shows it, `minutes` from now. */
const clockIn = (timeZone: string, minutes: number): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(
    Date.now() + minutes * MINUTE_MS,
  );

const people = (...numbers: string[]) => numbers.map((to, i) => ({ to, variables: [`Ana ${i}`, `A-${i}`] }));

test('each recipient by the clock of their country; a number of nowhere is held and expires', async () => {
  const { api } = served.service;
  // Quiet in Berlin for the next two hours; in Tokyo it is seven or eight hours later.
  const hours = {
    from: clockIn('Europe/Berlin', -60),
    to: clockIn('Europe/Berlin', 120),
    time_zone: 'recipient',
  };
  const messages = people(
    ...Array.from({ length: 40 }, (_, i) => (i % 2 ? `+81901234${1000 + i}` : `+4915112345${100 + i}`)),
    '+8821612345678',
  );
  const { id } = await api.send(
    bulk(0, { sender: 's2', quiet_hours: hours, expires_after: '12s', messages }),
  );
  const japan = await until(
    async () => {
      const job = await api.job(id);
      return job.counts.accepted === 20 ? job : undefined;
    },
    { what: 'the Japanese half leaves' },
  );
  expect(japan.counts.queued).toBe(21);
  const waiting = await api.items(id, 'queued');
  const holds = waiting.map(({ to, hold }) => [to.slice(0, 3), hold?.limit, hold?.until === null]);
  expect(holds).toEqual([...new Array(20).fill(['+49', 'quiet_hours', false]), ['+88', 'quiet_hours', true]]);
  const ended = await until(
    async () => {
      const job = await api.job(id);
      return job.counts.queued === 0 ? job : undefined;
    },
    { what: 'the rest expires', timeoutMs: 20_000 },
  );
  expectSum(ended);
  expect(ended.counts).toMatchObject({ accepted: 20, expired: 21 });
  const arrivals = (await served.stage.platform.arrivals()).map(({ to }) => to?.slice(0, 2));
  expect(arrivals.filter((country) => country === '49' || country === '88')).toEqual([]);
});

test('a job stops when its hour comes, and another begins when its own is over', async () => {
  const { api } = served.service;
  const turnMs = (Math.floor(Date.now() / MINUTE_MS) + 1) * MINUTE_MS;
  const turn = new Date(turnMs).toISOString().slice(11, 16);
  const hour = (hours: number): string => new Date(turnMs + hours * 3_600_000).toISOString().slice(11, 16);
  const before = { from: turn, to: hour(1), time_zone: 'Etc/UTC' };
  const after = { from: hour(-1), to: turn, time_zone: 'Etc/UTC' };
  const stops = await api.send(bulk(1_000, { quiet_hours: before }, 3_000_000));
  const begins = await api.send(bulk(20, { sender: 's2', quiet_hours: after }, 4_000_000));
  const done = await api.completed(begins.id, 80_000);
  expect(done.counts.accepted).toBe(20);
  const stopped = await api.job(stops.id);
  expect(stopped.counts.queued).toBeGreaterThan(0);
  const times = (await served.stage.platform.arrivals()).flatMap(({ to, at }) =>
    to ? [{ job: to.slice(4, 5), ms: Date.parse(at) - turnMs }] : [],
  );
  const early = times.filter(({ job }) => job === '3').map(({ ms }) => ms);
  const late = times.filter(({ job }) => job === '4').map(({ ms }) => ms);
  console.info(`last before the hour ${Math.max(...early)} ms, first after it ${Math.min(...late)} ms`);
  expect(early.length).toBe(stopped.counts.accepted);
  expect(Math.max(...early)).toBeLessThan(0);
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  expect(Math.min(...late)).toBeLessThan(OPEN_MAX_MS);
});
