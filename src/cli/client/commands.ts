// What each command of `sluice` does. Results go to `out`, everything about the way there to `err`.
import type { Clock } from '../../base/clock.ts';
import {
  type Answer,
  ApiProblem,
  type Canceled,
  type Client,
  type Controlled,
  createClient,
  type Items,
} from '../../client/client.ts';
import type { ControlAction } from '../../contract/control.ts';
import type { Item, Job } from '../../contract/job.ts';
import { count } from '../terminal/amounts.ts';
import { createLiveLine, type Output } from '../terminal/live-line.ts';
import { styleFor } from '../terminal/style.ts';
import { tableLines } from '../terminal/table.ts';
import type { Command } from './arguments.ts';
import { deadList, deadReplay, deadShow } from './dead.ts';
import { followJob } from './follow.ts';
import { ITEM_COLUMNS, itemRow, jobLines, jobsTable, leftOutLines, problemLines } from './say.ts';
import { uploadFile } from './upload.ts';

export interface Terminal {
  out: Output;
  err: Output;
  env: NodeJS.ProcessEnv;
  clock: Clock;
}

type Of<Name extends Command['name']> = Extract<Command, { name: Name }>;

export const STATUS = { done: 0, usage: 1, refused: 2, later: 3, incomplete: 4 } as const;
const ITEMS_PAGE = 1_000;

/** The exit status. Throws what the API and the network threw. */
export async function run(
  command: Exclude<Command, { name: 'help' | 'rebuild' }>,
  terminal: Terminal,
): Promise<number> {
  const api = createClient({ url: command.url, key: command.apiKey });
  switch (command.name) {
    case 'send':
      return send(command, api, terminal);
    case 'jobs':
      return jobs(api, terminal);
    case 'job':
      return job(command, api, terminal);
    case 'items':
      return items(command, api, terminal);
    case 'pause':
    case 'resume':
    case 'cancel':
      return control(command, api, terminal);
    case 'retry':
      return retry(command, api, terminal);
    case 'dead':
      return dead(command, api, terminal);
  }
}

async function send(command: Of<'send'>, api: Client, terminal: Terminal): Promise<number> {
  const { err, env, clock } = terminal;
  const key = command.key ?? `cli-${clock.randomHex(12)}`;
  if (command.key === undefined) lines(err, [`idempotency key: ${key}`]);
  const { sender, template, language, file } = command;
  try {
    const { body: accepted, headers } = await uploadFile({
      file,
      key,
      query: { sender, 'template.name': template, 'template.language': language },
      api: createClient({ url: command.url, key: command.apiKey, timeoutMs: 0 }),
      line: createLiveLine(err, styleFor(err, env), clock),
      clock,
      say: (text) => lines(err, [text]),
    });
    const before =
      headers.get('idempotency-replayed') === 'true' ? ' (this key was used before: its job)' : '';
    const { counts, rejected_count, duplicate_count } = accepted.job;
    const all = counts.total + rejected_count + duplicate_count;
    lines(err, [`accepted: ${count(counts.total)} of ${count(all)}${before}`]);
    lines(err, leftOutLines([...accepted.rejected, ...accepted.duplicates]));
    if (command.wait) return await waitFor(accepted.job, api, terminal);
    lines(terminal.out, [accepted.job.id]);
    return STATUS.done;
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    lines(err, problemLines(error));
    return statusOf(error);
  }
}

async function jobs(api: Client, { out }: Terminal): Promise<number> {
  const { data, has_more: more } = (await api.listJobs()).body;
  lines(out, jobsTable(data));
  if (more) lines(out, ['… and older ones']);
  return STATUS.done;
}

async function job({ id, wait }: Of<'job'>, api: Client, terminal: Terminal): Promise<number> {
  const { body: found } = await api.getJob({ params: { id } });
  if (wait) return waitFor(found, api, terminal);
  lines(terminal.out, jobLines(found));
  return STATUS.done;
}

async function waitFor(started: Job, api: Client, { out, err, env, clock }: Terminal): Promise<number> {
  const line = createLiveLine(err, styleFor(err, env), clock);
  const ended = await followJob(started, { api, line, clock });
  lines(out, jobLines(ended));
  const { total, accepted, suppressed } = ended.counts;
  return accepted + suppressed === total && ended.rejected_count === 0 ? STATUS.done : STATUS.incomplete;
}

async function control(
  { name, id }: Of<ControlAction>,
  api: Client,
  { out, err }: Terminal,
): Promise<number> {
  const call = { params: { id } };
  const { body } = name === 'cancel' ? await api.cancelJob(call) : await api[`${name}Job`](call);
  const { job: changed, left }: Controlled & Partial<Canceled> = body;
  if (left !== undefined) lines(err, [`${count(left)} had left`]);
  lines(out, jobLines(changed));
  return STATUS.done;
}

async function dead(command: Of<'dead'>, api: Client, { out }: Terminal): Promise<number> {
  if (command.what === 'list') lines(out, await deadList(api));
  else lines(out, await (command.what === 'show' ? deadShow : deadReplay)(api, command.positions));
  return STATUS.done;
}

async function retry({ id, unknown }: Of<'retry'>, api: Client, { out, err }: Terminal): Promise<number> {
  const { body } = await api.retryJob({
    params: { id },
    body: { include: unknown ? ['failed', 'unknown'] : ['failed'] },
  });
  lines(err, [`${count(body.retried)} are tried again`]);
  if (body.remaining > 0) lines(err, [`${count(body.remaining)} more: try once more when these have gone`]);
  if (body.unreadable > 0) lines(err, [`of ${count(body.unreadable)} nothing is left to send`]);
  lines(out, jobLines(body.job));
  return STATUS.done;
}

async function items({ id, status }: Of<'items'>, api: Client, { out }: Terminal): Promise<number> {
  let header = [ITEM_COLUMNS];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = {
      limit: ITEMS_PAGE,
      ...(status !== undefined && { status: status as Item['status'] }),
      ...(cursor && { cursor }),
    };
    const { body: page }: Answer<Items> = await api.listItems({ params: { id }, query });
    lines(out, tableLines([...header, ...page.data.map(itemRow)], [0]));
    header = [];
    cursor = page.next_cursor;
  }
  return STATUS.done;
}

export const statusOf = (problem: ApiProblem): number => (problem.passing ? STATUS.later : STATUS.refused);

export function lines(output: Output, texts: readonly string[]): void {
  if (texts.length > 0) output.write(`${texts.join('\n')}\n`);
}
