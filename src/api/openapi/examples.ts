// What the examples of several operations share.
import type { Item, Job } from '../../contract/job.ts';

const JOB_ID = 'job_4qk7w2mZrTt1x0aBcD3e5F6g';

export const JOB: Job = {
  id: JOB_ID,
  kind: 'messages',
  sender: 's1',
  status: 'sending',
  priority: 'bulk',
  created_at: '2026-12-01T09:00:00.000Z',
  updated_at: '2026-12-01T09:00:04.100Z',
  metadata: { campaign: 'winter' },
  rejected_count: 1,
  duplicate_count: 1,
  counts: {
    total: 1_000,
    queued: 700,
    sending: 3,
    accepted: 290,
    delivered: 280,
    read: 90,
    failed: 4,
    unknown: 0,
    canceled: 0,
    expired: 0,
    suppressed: 3,
  },
  progress: 0.297,
  eta: { finish_at: '2026-12-01T09:00:13.000Z', p90: '2026-12-01T09:00:14.000Z' },
  hold: {
    limit: 'meta.throughput',
    scope: 's1',
    until: '2026-12-01T09:00:04.113Z',
    message: 'The throughput of the number s1 is used up; until 2026-12-01T09:00:04.113Z.',
  },
};

export const ITEM: Item = {
  index: 0,
  to: '+16505551234',
  reference: 'row-1',
  status: 'accepted',
  attempts: 1,
  provider_id: 'wamid.HBgLMTY1MDU1NTEyMzQVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA',
  error: null,
  hold: null,
  updated_at: '2026-12-01T09:00:01.500Z',
};

export const page = (one: unknown) => ({ data: [one], has_more: false, next_cursor: null });

export const ACCEPTED = {
  job: JOB,
  rejected: [
    { index: 7, code: 'invalid_recipient', message: 'to must be a phone number with its country code' },
  ],
  duplicates: [{ index: 9, of: 3 }],
};
