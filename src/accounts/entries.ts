// Takes the accounts file apart into the objects that are kept: each with its place in the hash, its digest, and its secrets set aside.

import { sha256Hex } from '../base/secret.ts';
import { SENDER_SECRETS } from '../contract/account.ts';
import type { AccountsInput } from './file.ts';

/** `installation`: the one object that holds for everything. */
export const KINDS = ['installation', 'workspace', 'key', 'portfolio', 'sender', 'webhook'] as const;
export type Kind = (typeof KINDS)[number];

/** One object of the file. */
export interface Entry {
  field: string;
  kind: Kind;
  id: string;
  workspace: string;
  /** Digest of the object as the file has it, whatever the order of its fields. */
  digest: string;
  /** What may be read in Redis, in the file's own form. */
  value: Record<string, unknown>;
  /** What is encrypted before it gets there. */
  secrets: Record<string, string>;
}

/** The id of the installation. */
export const EVERYTHING = 'everything';

export const fieldOf = (kind: Kind, id: string): string => `${kind}:${id}`;

export function entriesOf(file: AccountsInput): Entry[] {
  return file.workspaces.flatMap((workspace) => {
    const { api_keys = [], portfolios = [], senders = [], webhooks = [], ...own } = workspace;
    return [
      entry('workspace', workspace.id, workspace.id, own, []),
      ...api_keys.map((key) => keyEntry(workspace.id, key)),
      ...portfolios.map((portfolio) => entry('portfolio', portfolio.id, workspace.id, portfolio, [])),
      ...senders.map((sender) => entry('sender', sender.id, workspace.id, sender, SENDER_SECRETS)),
      // A webhook of the file has no id of its own: its workspace and URL name it.
      ...webhooks.map((webhook) =>
        entry('webhook', webhookId(workspace.id, webhook.url), workspace.id, webhook, ['secret']),
      ),
    ];
  });
}

function entry(
  kind: Kind,
  id: string,
  workspace: string,
  object: Record<string, unknown>,
  secretNames: readonly string[],
): Entry {
  const fields = Object.entries(object).filter(([, value]) => value !== undefined);
  const isSecret = ([name]: [string, unknown]): boolean => secretNames.includes(name);
  return {
    field: fieldOf(kind, id),
    kind,
    id,
    workspace,
    digest: digestOf(workspace, object),
    value: Object.fromEntries(fields.filter((field) => !isSecret(field))),
    secrets: Object.fromEntries(fields.filter(isSecret).map(([name, value]) => [name, String(value)])),
  };
}

/** An API key is only ever compared, so its digest is enough. */
function keyEntry(workspace: string, key: { id: string; secret: string }): Entry {
  const { secret, ...rest } = key;
  const made = entry('key', key.id, workspace, { ...rest, secret_sha256: sha256Hex(secret) }, []);
  return { ...made, digest: digestOf(workspace, made.value) };
}

const webhookId = (workspace: string, url: string): string =>
  `whk_${sha256Hex(`${workspace}\n${url}`).slice(0, 22)}`;

/**
 * Plain SHA-256, not keyed, so that a new SLUICE_SECRET does not make every object look changed. It covers the whole object with
 * its access token, so a short app secret cannot be guessed from it.
 */
const digestOf = (workspace: string, object: Record<string, unknown>): string =>
  sha256Hex(JSON.stringify([workspace, sorted(object)]));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]);
}
