// What a bulk request would become, with nothing kept and nothing sent: its rows are checked as those of a real one, and its times worked out.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Accounts, Principal, Sender } from '../accounts/port.ts';
import type { Clock } from '../base/clock.ts';
import { refused } from '../base/failure.ts';
import { zonesOfNumber } from '../base/phone-zones.ts';
import type { Contacts } from '../contacts/contacts.ts';
import { type Meant, optedOutRows } from '../contacts/opted-out.ts';
import type { Suppressions } from '../contacts/suppressions.ts';
import { type WhatIf, whatIfSchema } from '../contract/account.ts';
import type { Priority } from '../contract/job.ts';
import type { Row } from '../contract/record.ts';
import { type BulkRequestBody, detailsOf } from '../contract/request.ts';
import { spanOf } from '../lanes/quiet-hours.ts';
import { addressed } from './audience.ts';
import { parseBody } from './body.ts';
import { checkMeaning, expiryOf, parseEnvelope, senderOf, startOf } from './envelope.ts';
import type { TemplateChecks } from './known-templates.ts';
import { checkMessages } from './messages.ts';
import { parseTurn } from './parse-turns.ts';
import type { CheckedRows, ContentCheck } from './rows.ts';

/** Rows whose zones are looked up in one go: 10 ms. */
const SLICE_ROWS = 1_000;

/** Messages that may go in the same hours; 0 and 0: in all. A group that nobody knows an hour for never opens. */
export interface PlannedGroup {
  count: number;
  opensMs: number;
  closesMs: number;
}

export interface PlannedJob {
  sender: Sender;
  whatIf: WhatIf | undefined;
  checked: CheckedRows;
  /** Of the good rows: who has opted out of this category as it is now. */
  suppressedCount: number;
  priority: Priority;
  startMs: number;
  spreadMs: number;
  /** Unix ms; undefined when nothing ends it but its life. */
  endsMs: number | undefined;
  groups: PlannedGroup[];
}

export interface PlanOptions {
  accounts: Pick<Accounts, 'sender'>;
  clock: Clock;
  check: ContentCheck;
  suppressions: Pick<Suppressions, 'any' | 'lookUp'>;
  catalogs?: TemplateChecks['catalogs'];
  contacts: Pick<Contacts, 'audience'>;
}

/** Throws the same `Failure`s as a bulk request, but none for rows: a plan is there to name them. */
export async function plannedJob(
  { accounts, clock, check, suppressions, catalogs, contacts }: PlanOptions,
  principal: Principal,
  raw: Buffer,
): Promise<PlannedJob> {
  await parseTurn(raw.length);
  const { what_if: asked, ...body } = parseBody(raw);
  const whatIf = asked === undefined ? undefined : parseWhatIf(asked);
  const nowMs = clock.now();
  const envelope = parseEnvelope('bulk', body);
  const sender = checkMeaning(envelope, senderOf(accounts, principal, body), nowMs);
  const list = envelope.audience && (await addressed(contacts, principal, envelope.audience));
  const checks = { catalogs, before: undefined, note: async () => {} };
  const checked = await checkMessages(checks, sender, envelope, list, check);
  const startMs = startOf(envelope, nowMs);
  const rows = await withoutOptedOut(
    suppressions,
    principal,
    { ...envelope, created_at: nowMs },
    checked.rows,
  );
  const left = rows.reduce<number>((sum, row) => (row === 0 ? sum : sum + 1), 0);
  return {
    sender,
    whatIf,
    checked,
    suppressedCount: checked.total - left,
    priority: envelope.priority,
    startMs,
    spreadMs: envelope.spread ?? 0,
    endsMs: expiryOf(envelope, nowMs),
    groups: await groupsOf(envelope.quiet_hours, rows, left, startMs),
  };
}

function parseWhatIf(asked: unknown): WhatIf {
  const parsed = whatIfSchema.safeParse(asked);
  if (parsed.success) return parsed.data;
  const details = detailsOf(parsed.error).map((one) => ({
    ...one,
    path: one.path === '' ? 'what_if' : `what_if.${one.path}`,
  }));
  throw refused(
    'invalid_request',
    `The request is not valid: ${details[0]?.path} ${details[0]?.message}`,
    details,
  );
}

/** Costs a look at memory where the workspace has no opt-outs. */
async function withoutOptedOut(
  suppressions: PlanOptions['suppressions'],
  owner: Principal,
  meant: Meant,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  if (!(await suppressions.any(owner))) return rows;
  const left = [...rows];
  for (const { index } of await optedOutRows(suppressions, owner, () => meant, rows)) left[index] = 0;
  return left;
}

/** The messages by the hours in which they may go. */
export async function groupsOf(
  quiet: BulkRequestBody['quiet_hours'],
  rows: readonly Row[],
  total: number,
  startMs: number,
): Promise<PlannedGroup[]> {
  if (!quiet) return [{ count: total, opensMs: 0, closesMs: 0 }];
  const counts = await countsByZones(quiet.time_zone, rows);
  return [...counts].map(([zones, count]) => {
    const span = spanOf(quiet, zones === '' ? [] : zones.split(' '), startMs);
    return { count, opensMs: span?.opensMs ?? NEVER_MS, closesMs: span?.closesMs ?? NEVER_MS };
  });
}

/** Beyond any job's life. */
const NEVER_MS = 8_000_000_000_000;

async function countsByZones(zone: string, rows: readonly Row[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const [i, row] of rows.entries()) {
    if (i % SLICE_ROWS === SLICE_ROWS - 1) await nextTurn();
    if (row === 0) continue;
    const zones = zone === 'recipient' ? zonesOfNumber(row[0]).join(' ') : zone;
    counts.set(zones, (counts.get(zones) ?? 0) + 1);
  }
  return counts;
}
