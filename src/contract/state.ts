// The records of the `state` topic: the last word on each thing that Redis alone would know. The topic is compacted by key. Versioned and
// tolerant, as those of `jobs`.
import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const ofPerson = { workspace: z.string(), environment: environmentSchema, person: z.string() };

export const stateRecordSchema = z.discriminatedUnion('type', [
  /** An account as a live change left it, its secrets encrypted; null: taken away. */
  z.object({
    v: z.literal(1),
    type: z.literal('account'),
    kind: z.string(),
    id: z.string(),
    stored: z.record(z.string(), z.unknown()).nullable(),
  }),
  /** How a person stands, by their keyed hash: the opt-out as the store of opt-outs writes it, null: none; when they last asked for messages again. */
  z.object({
    v: z.literal(1),
    type: z.literal('suppression'),
    ...ofPerson,
    /** When it stood so: unix ms. */
    at: z.number(),
    /** When Redis said so, µs: the greatest of a person is the newest, wherever it stands. */
    seq: z.number().optional(),
    stored: z.string().nullable(),
    /** Unix ms. */
    started: z.number().nullable(),
  }),
  /** The platform calls one person by another number: two keyed hashes. */
  z.object({ v: z.literal(1), type: z.literal('alias'), ...ofPerson, same: z.string() }),
  /** A contact as its store writes it; null: it was forgotten, and nothing said before `at` of those in `gone` counts any more. */
  z.object({
    v: z.literal(1),
    type: z.literal('contact'),
    workspace: z.string(),
    environment: environmentSchema,
    id: z.string(),
    /** When it stood so: unix ms. */
    at: z.number(),
    stored: z.record(z.string(), z.unknown()).nullable(),
    /** Keyed hashes. */
    gone: z.array(z.string()),
  }),
]);
/** A record of the topic `audit`: who changed what. */
export const auditRecordSchema = z.object({
  v: z.literal(1),
  type: z.literal('audit'),
  id: z.string(),
  /** Unix ms. */
  at: z.number(),
  actor: z.string(),
  action: z.string(),
  workspace: z.string(),
  subject: z.string(),
  changes: z.record(z.string(), z.unknown()),
});
export type StateRecord = z.output<typeof stateRecordSchema>;
export type SuppressionState = Extract<StateRecord, { type: 'suppression' }>;
export type AliasState = Extract<StateRecord, { type: 'alias' }>;
export type ContactState = Extract<StateRecord, { type: 'contact' }>;
