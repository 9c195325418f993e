// Progress as server-sent events: the job as it changes until it has ended; a client that comes back goes on where it was.
import { expect, test } from 'vitest';
import { API_KEY, bulk } from '../support/client.ts';
import { servedStage } from '../support/stage.ts';

const RECIPIENTS = 150;
const served = servedStage({ senders: [{ id: 's1', throughput: 100 }] });

interface Event {
  id: string;
  event: string;
  data: string;
}

/** Reads events until `enough` says so or the stream ends. */
async function eventsOf(
  id: string,
  headers: Record<string, string> = {},
  enough: (seen: Event[]) => boolean = () => false,
): Promise<{ status: number; type: string | null; events: Event[] }> {
  const url = new URL(`/v1/jobs/${id}/events`, served.service.url);
  const given = { authorization: `Bearer ${API_KEY}`, accept: 'text/event-stream', ...headers };
  const answer = await fetch(url, { headers: given });
  const events: Event[] = [];
  let text = '';
  for await (const bytes of answer.body ?? []) {
    text += Buffer.from(bytes).toString('utf8');
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    events.push(...parts.filter((part) => !part.startsWith(':')).map(readEvent));
    if (enough(events)) break;
  }
  return { status: answer.status, type: answer.headers.get('content-type'), events };
}

function readEvent(part: string): Event {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? '';
  return { id: field('id'), event: field('event'), data: field('data') };
}

test('a job from its start to its end, and again from where a client was', async () => {
  const { id } = await served.service.api.send(bulk(RECIPIENTS));
  const first = await eventsOf(id, {}, (seen) => seen.length === 2);
  expect([first.status, first.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const last = first.events.at(-1)?.id ?? '';
  const rest = await eventsOf(id, { 'last-event-id': last });
  const progress = rest.events.filter(({ event }) => event === 'progress');
  expect(progress.map((one) => one.id)).not.toContain(last);
  const jobs = [...first.events, ...progress].map(({ data }) => JSON.parse(data));
  const accepted = jobs.map((job) => job.counts.accepted);
  expect(accepted).toEqual(accepted.toSorted((a, b) => a - b));
  expect(jobs.at(-1)).toMatchObject({ id, status: 'completed', counts: { accepted: RECIPIENTS } });
  expect(rest.events.at(-1)).toMatchObject({ event: 'end' });
  // Who has seen the end is told to stay away; who has not gets it.
  const seen = progress.at(-1)?.id ?? '';
  expect((await eventsOf(id, { 'last-event-id': seen })).status).toBe(204);
  expect((await eventsOf(id)).events.map(({ event }) => event)).toEqual(['progress', 'end']);
});

test('no such job, and a client that takes no events', async () => {
  expect((await eventsOf('job_x')).status).toBe(404);
  const { id } = await served.service.api.send(bulk(1, {}, 9_000_000));
  expect((await eventsOf(id, { accept: 'application/json' })).status).toBe(406);
  const head = { method: 'HEAD', headers: { authorization: `Bearer ${API_KEY}` } };
  expect((await fetch(new URL(`/v1/jobs/${id}/events`, served.service.url), head)).status).toBe(405);
});
