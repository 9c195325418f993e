// One stored object as this release understands it. Tolerant where the file is strict: another release may have written a field
// that this one does not know.
import type { Secret } from '../base/secret.ts';
import {
  apiKeySchema,
  portfolioSchema,
  senderSchema,
  storedWebhookSchema,
  workspaceSchema,
} from '../contract/account.ts';
import type { Plan } from '../contract/plan.ts';
import type { Endpoint, Portfolio, Principal, Sender } from './port.ts';
import { homeOf, opened, type Stored } from './stored.ts';

const storedSender = senderSchema.strip();
const storedPortfolio = portfolioSchema.strip();
const storedWorkspace = workspaceSchema.strip();
const storedKey = apiKeySchema.pick({ id: true, environment: true, scopes: true }).strip();

export type Parsed =
  | { kind: 'key'; digest: string; principal: Principal; disabled: boolean }
  | { kind: 'portfolio'; portfolio: Portfolio }
  | { kind: 'sender'; sender: Omit<Sender, 'portfolio'>; portfolio: string | undefined; homes: string[] }
  | { kind: 'workspace'; id: string; plan: Plan }
  | { kind: 'webhook'; endpoint: Endpoint };

/** Throws when the object cannot be understood or its secrets cannot be opened. */
export function parsedOf(stored: Stored, secret: Secret): Parsed {
  const { workspace, disabled, value } = stored;
  switch (stored.kind) {
    case 'key': {
      const { id, environment, scopes } = storedKey.parse(value);
      return {
        kind: 'key',
        digest: String(value.secret_sha256),
        principal: { key: id, workspace, environment, scopes },
        disabled,
      };
    }
    case 'portfolio':
      return { kind: 'portfolio', portfolio: { ...storedPortfolio.parse(value), workspace } };
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
      return { kind: 'workspace', ...storedWorkspace.parse(value) };
    case 'webhook': {
      const { enabled, ...account } = storedWebhookSchema.parse(opened(stored, secret));
      const endpoint = { ...account, id: stored.id, workspace, fromFile: stored.file !== null };
      return { kind: 'webhook', endpoint: { ...endpoint, enabled: enabled && !disabled } };
    }
  }
}
