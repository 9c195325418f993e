// The accounts as the process holds them in memory, indexed for every question of the port. Built anew on a change; an object
// that did not change is not parsed again.
import { timingSafeEqual } from 'node:crypto';
import { type Secret, sha256Hex } from '../base/secret.ts';
import {
  apiKeySchema,
  type Environment,
  type PortfolioAccount,
  portfolioSchema,
  senderSchema,
} from '../contract/account.ts';
import type { Principal, Sender } from './port.ts';
import { homeOf, opened, parseStored, type Stored } from './stored.ts';

export interface Home {
  home: string;
  workspace: string;
  environment: Environment;
}

export interface Snapshot {
  version: string;
  principal(secret: string): Principal | undefined;
  senders: Map<string, Sender>;
  sendersByHome: Map<string, Sender[]>;
  homes: Home[];
}

interface Known {
  text: string;
  stored: Stored;
  secrets: Record<string, unknown>;
}

// Tolerant where the file is strict: another release may have written a field that this one does not know.
const storedSender = senderSchema.strip();
const storedPortfolio = portfolioSchema.strip();
const storedKey = apiKeySchema.pick({ id: true, environment: true, scopes: true }).strip();

/** Keeps what it parsed from one build to the next. */
export function snapshotBuilder(
  secret: Secret,
): (version: string, objects: ReadonlyMap<string, string>) => Snapshot {
  let known = new Map<string, Known>();
  return (version, objects) => {
    const next = new Map<string, Known>();
    for (const [field, text] of objects) {
      const before = known.get(field);
      next.set(field, before?.text === text ? before : open(text, secret));
    }
    known = next;
    return snapshotOf(version, [...next.values()]);
  };
}

function open(text: string, secret: Secret): Known {
  const stored = parseStored(text);
  return { text, stored, secrets: opened(stored, secret) };
}

function snapshotOf(version: string, all: readonly Known[]): Snapshot {
  const portfolios = new Map<string, PortfolioAccount>();
  const homes = new Map<string, Home>();
  for (const { stored } of all) {
    if (stored.kind !== 'portfolio') continue;
    const portfolio = storedPortfolio.parse(stored.value);
    portfolios.set(portfolio.id, portfolio);
    const home = homeOf('', portfolio.id);
    homes.set(home, { home, workspace: stored.workspace, environment: portfolio.environment });
  }
  const senders = new Map<string, Sender>();
  for (const { stored, secrets } of all) {
    if (stored.kind !== 'sender') continue;
    const sender = senderOf(stored, secrets, portfolios);
    senders.set(sender.id, sender);
    for (const home of [...stored.homes, sender.home]) {
      homes.set(home, { home, workspace: sender.workspace, environment: sender.environment });
    }
  }
  const sendersByHome = Map.groupBy(senders.values(), (sender) => sender.home);
  return { version, principal: authenticator(all), senders, sendersByHome, homes: [...homes.values()] };
}

function senderOf(
  stored: Stored,
  secrets: Record<string, unknown>,
  portfolios: ReadonlyMap<string, PortfolioAccount>,
): Sender {
  const { portfolio, ...account } = storedSender.parse(secrets);
  return {
    ...account,
    workspace: stored.workspace,
    portfolio: portfolio === undefined ? undefined : portfolios.get(portfolio),
    home: homeOf(account.id, portfolio),
    disabled: stored.disabled,
  };
}

/** Finds a key by the digest of what was presented; the comparison takes as long for a stranger as for a friend. */
function authenticator(all: readonly Known[]): (secret: string) => Principal | undefined {
  const byDigest = new Map<string, { digest: Buffer; principal: Principal }>();
  for (const { stored } of all) {
    if (stored.kind !== 'key' || stored.disabled) continue;
    const hex = String(stored.value.secret_sha256);
    const { id, environment, scopes } = storedKey.parse(stored.value);
    byDigest.set(hex, {
      digest: Buffer.from(hex, 'hex'),
      principal: { key: id, workspace: stored.workspace, environment, scopes },
    });
  }
  const nobody = { digest: Buffer.alloc(32), principal: undefined };
  return (secret) => {
    const hex = sha256Hex(secret);
    const found = byDigest.get(hex) ?? nobody;
    return timingSafeEqual(found.digest, Buffer.from(hex, 'hex')) ? found.principal : undefined;
  };
}
