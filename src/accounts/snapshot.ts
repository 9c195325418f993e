// The accounts as the process holds them in memory, indexed for every question of the port. Built anew on a change; an object
// that did not change is not parsed again.
import { timingSafeEqual } from 'node:crypto';
import { type Secret, sha256Hex } from '../base/secret.ts';
import type { Environment } from '../contract/account.ts';
import { lettersOf } from '../contract/event.ts';
import type { Plan } from '../contract/plan.ts';
import { type Parsed, parsedOf } from './parsed.ts';
import type { Endpoint, Portfolio, Principal, Sender } from './port.ts';
import { homeOf, parseStored } from './stored.ts';

export interface Home {
  home: string;
  workspace: string;
  environment: Environment;
}

export interface Snapshot {
  version: string;
  principal(secret: string): Principal | undefined;
  /** By workspace. */
  plans: Map<string, Plan>;
  senders: Map<string, Sender>;
  sendersByHome: Map<string, Sender[]>;
  /** By `nameAtPlatform`. */
  sendersByName: Map<string, Sender[]>;
  portfolios: Map<string, Portfolio>;
  endpoints: Map<string, Endpoint>;
  /** Home → letters of what its customers want to be told; homes without are left out. */
  told: Map<string, string>;
  homes: Home[];
}

export const nameAtPlatform = (platform: string, externalId: string): string => `${platform}:${externalId}`;

interface Known {
  text: string;
  /** Undefined: this release cannot read it, and it is as if it were not there. */
  parsed: Parsed | undefined;
}

/** Keeps what it parsed from one build to the next. `onUnreadable` hears of an object once. */
export function snapshotBuilder(
  secret: Secret,
  onUnreadable: (field: string) => void,
): (version: string, objects: ReadonlyMap<string, string>) => Snapshot {
  let known = new Map<string, Known>();
  const senderOf = senderMaker();
  const know = (field: string, text: string): Known => {
    const before = known.get(field);
    if (before?.text === text) return before;
    try {
      return { text, parsed: parsedOf(parseStored(text), secret) };
    } catch {
      onUnreadable(field);
      return { text, parsed: undefined };
    }
  };
  return (version, objects) => {
    known = new Map([...objects].map(([field, text]) => [field, know(field, text)]));
    return snapshotOf(
      version,
      [...known.values()].flatMap(({ parsed }) => parsed ?? []),
      senderOf,
    );
  };
}

type SenderEntry = Extract<Parsed, { kind: 'sender' }>;
type SenderMaker = (one: SenderEntry, portfolio: Portfolio | undefined) => Sender;

/** A sender that did not change, and whose portfolio did not, is the same object: so its changes are seen by comparing. */
function senderMaker(): SenderMaker {
  const made = new WeakMap<SenderEntry, Sender>();
  return (one, portfolio) => {
    const before = made.get(one);
    if (before && before.portfolio === portfolio) return before;
    const sender = { ...one.sender, portfolio };
    made.set(one, sender);
    return sender;
  };
}

/** Senders that are new or not what they were. */
export const changedSenders = (before: Snapshot, after: Snapshot): Sender[] =>
  [...after.senders.values()].filter((sender) => before.senders.get(sender.id) !== sender);

function snapshotOf(version: string, all: readonly Parsed[], senderOf: SenderMaker): Snapshot {
  const portfolios = new Map<string, Portfolio>();
  const senders = new Map<string, Sender>();
  const homes = new Map<string, Home>();
  const plans = new Map(all.flatMap((one) => (one.kind === 'workspace' ? [[one.id, one.plan]] : [])));
  for (const one of all) {
    if (one.kind !== 'portfolio') continue;
    const { portfolio } = one;
    portfolios.set(portfolio.id, portfolio);
    const home = homeOf('', portfolio.id);
    homes.set(home, { home, workspace: portfolio.workspace, environment: portfolio.environment });
  }
  for (const one of all) {
    if (one.kind !== 'sender') continue;
    const portfolio = one.portfolio === undefined ? undefined : portfolios.get(one.portfolio);
    senders.set(one.sender.id, senderOf(one, portfolio));
    const { workspace, environment } = one.sender;
    for (const home of one.homes) homes.set(home, { home, workspace, environment });
  }
  const endpoints = new Map(
    all.flatMap((one) => (one.kind === 'webhook' ? [[one.endpoint.id, one.endpoint]] : [])),
  );
  const sendersByHome = Map.groupBy(senders.values(), (sender) => sender.home);
  const sendersByName = Map.groupBy(senders.values(), ({ platform, external_id }) =>
    nameAtPlatform(platform, external_id),
  );
  return {
    version,
    principal: authenticator(all),
    plans,
    senders,
    sendersByHome,
    sendersByName,
    portfolios,
    endpoints,
    told: toldOf([...homes.values()], [...endpoints.values()]),
    homes: [...homes.values()],
  };
}

/** A home belongs to one workspace and environment, and is told of what any endpoint of these wants. */
function toldOf(homes: readonly Home[], endpoints: readonly Endpoint[]): Map<string, string> {
  const ownerOf = ({ workspace, environment }: Pick<Home, 'workspace' | 'environment'>) =>
    `${workspace} ${environment}`;
  const byOwner = Map.groupBy(
    endpoints.filter(({ enabled }) => enabled),
    ownerOf,
  );
  const letters = new Map(
    [...byOwner].map(([owner, own]) => [owner, lettersOf(own.flatMap(({ events }) => events))]),
  );
  return new Map(
    homes.flatMap((home): [string, string][] => {
      const own = letters.get(ownerOf(home)) ?? '';
      return own === '' ? [] : [[home.home, own]];
    }),
  );
}

/** Finds a key by the digest of what was presented; the comparison takes as long for a stranger as for a friend. */
function authenticator(all: readonly Parsed[]): (secret: string) => Principal | undefined {
  const byDigest = new Map<string, { digest: Buffer; principal: Principal | undefined }>();
  for (const one of all) {
    if (one.kind !== 'key' || one.disabled) continue;
    byDigest.set(one.digest, { digest: Buffer.from(one.digest, 'hex'), principal: one.principal });
  }
  const nobody = { digest: Buffer.alloc(32), principal: undefined };
  return (secret) => {
    const hex = sha256Hex(secret);
    const found = byDigest.get(hex) ?? nobody;
    return timingSafeEqual(found.digest, Buffer.from(hex, 'hex')) ? found.principal : undefined;
  };
}
