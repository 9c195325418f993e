// One object as it stands in Redis: JSON with the file's digest, its secrets encrypted. Versioned and tolerant, for old and new releases side by side.
import { z } from 'zod';
import type { Secret } from '../base/secret.ts';
import { type Entry, KINDS } from './entries.ts';

export const storedSchema = z.object({
  v: z.literal(1),
  kind: z.enum(KINDS),
  id: z.string(),
  workspace: z.string(),
  /** Digest of the file's object that last set this one; null when the file never did. */
  file: z.string().nullable(),
  /** Vanished from the file. */
  disabled: z.boolean(),
  /** Disabled, or revoked, by hand; until the file changes this object. */
  off: z.boolean().default(false),
  /** An operator has stopped all sending; the file has no say in it. */
  stopped: z.boolean().default(false),
  /** Fingerprint of the secret that encrypted `sealed`. */
  sealed_by: z.string(),
  sealed: z.record(z.string(), z.string()),
  /** Every home that a sender has had: its jobs stay there when it moves to a portfolio. */
  homes: z.array(z.string()).default([]),
  value: z.record(z.string(), z.unknown()),
});
export type Stored = z.output<typeof storedSchema>;

export function parseStored(text: string): Stored {
  return storedSchema.parse(JSON.parse(text));
}

/** A live change as the log keeps it; undefined: of a kind or version that this release does not know. */
export function parseKept(change: { kind: string; id: string; stored: unknown }) {
  const kind = KINDS.find((one) => one === change.kind);
  if (!kind) return undefined;
  if (change.stored === null) return { kind, id: change.id, stored: null };
  const { data } = storedSchema.safeParse(change.stored);
  return data && { kind, id: change.id, stored: data };
}

/** What an object of the file becomes in Redis. `before` is what stood there. */
export function storedOf(entry: Entry, before: Stored | undefined, secret: Secret): Stored {
  const homes =
    entry.kind === 'sender'
      ? [...new Set([...(before?.homes ?? []), homeOf(entry.id, entry.value.portfolio)])]
      : [];
  return {
    v: 1,
    kind: entry.kind,
    id: entry.id,
    workspace: entry.workspace,
    file: entry.digest,
    disabled: false,
    off: false,
    stopped: before?.stopped ?? false,
    sealed_by: secret.fingerprint,
    sealed: mapValues(entry.secrets, (text) => secret.encrypt(text)),
    homes,
    value: entry.value,
  };
}

/** The same object under the first secret, for the time when the old one is taken out of the list. */
export function resealed(stored: Stored, secret: Secret): Stored {
  return {
    ...stored,
    sealed_by: secret.fingerprint,
    sealed: mapValues(stored.sealed, (text) => secret.encrypt(secret.decrypt(text))),
  };
}

/** The object with some of its secrets set anew; '' takes one away. */
export function withSecrets(stored: Stored, secrets: Record<string, string>, secret: Secret): Stored {
  if (Object.keys(secrets).length === 0) return stored;
  const now = resealed(stored, secret);
  const sealed = {
    ...now.sealed,
    ...mapValues(secrets, (text) => (text === '' ? '' : secret.encrypt(text))),
  };
  return { ...now, sealed: Object.fromEntries(Object.entries(sealed).filter(([, text]) => text !== '')) };
}

/** The object with its secrets in place, in the file's own form. */
export function opened(stored: Stored, secret: Secret): Record<string, unknown> {
  return { ...stored.value, ...mapValues(stored.sealed, (text) => secret.decrypt(text)) };
}

/** The senders that share limits: a portfolio, or the sender alone. */
export const homeOf = (sender: string, portfolio: unknown): string =>
  typeof portfolio === 'string' ? `p:${portfolio}` : `s:${sender}`;

function mapValues(record: Record<string, string>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, text]) => [name, change(text)]));
}
