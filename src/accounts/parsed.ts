// One stored object as this release understands it. Tolerant where the file is strict: another release may have written a field
// that this one does not know.
import type { Secret } from '../base/secret.ts';
import {
  keyAccountSchema,
  portfolioSchema,
  senderSchema,
  storedWebhookSchema,
  workspaceSchema,
} from '../contract/account.ts';
import type { Endpoint, Key, Portfolio, Sender, Workspace } from './port.ts';
import { homeOf, opened, type Stored } from './stored.ts';

const storedSender = senderSchema.strip();
const storedPortfolio = portfolioSchema.strip();
const storedWorkspace = workspaceSchema.strip();

export type Parsed =
  | { kind: 'installation'; stopped: boolean }
  | { kind: 'key'; digest: string; key: Key }
  | { kind: 'portfolio'; portfolio: Portfolio }
  | {
      kind: 'sender';
      sender: Omit<Sender, 'portfolio' | 'stopped'>;
      portfolio: string | undefined;
      homes: string[];
    }
  | { kind: 'workspace'; workspace: Workspace }
  | { kind: 'webhook'; endpoint: Endpoint };

/** Throws when the object cannot be understood or its secrets cannot be opened. */
export function parsedOf(stored: Stored, secret: Secret): Parsed {
  const { workspace, stopped, value } = stored;
  const disabled = stored.disabled || stored.off;
  switch (stored.kind) {
    case 'key': {
      const account = keyAccountSchema.parse(value);
      return {
        kind: 'key',
        digest: String(value.secret_sha256),
        key: { ...account, workspace, fromFile: stored.file !== null, disabled },
      };
    }
    case 'portfolio':
      return { kind: 'portfolio', portfolio: { ...storedPortfolio.parse(value), workspace, disabled } };
    case 'sender': {
      const { portfolio, ...account } = storedSender.parse(opened(stored, secret));
      const home = homeOf(account.id, portfolio);
      return {
        kind: 'sender',
        sender: { ...account, workspace, home, disabled },
        portfolio,
        homes: [...stored.homes, home],
      };
    }
    case 'workspace':
      return { kind: 'workspace', workspace: { ...storedWorkspace.parse(value), disabled, stopped } };
    case 'installation':
      return { kind: 'installation', stopped };
    case 'webhook': {
      const { enabled, ...account } = storedWebhookSchema.parse(opened(stored, secret));
      const endpoint = { ...account, id: stored.id, workspace, fromFile: stored.file !== null };
      return { kind: 'webhook', endpoint: { ...endpoint, enabled: enabled && !disabled } };
    }
  }
}
