// The accounts as the process holds them in memory, indexed for every question of the port. Built anew on a change; an object
// that did not change is not parsed again.
import { timingSafeEqual } from 'node:crypto';
import { type Secret, sha256Hex } from '../base/secret.ts';
import type { Environment } from '../contract/environment.ts';
import { lettersOf } from '../contract/event.ts';
import { EVERYTHING } from './entries.ts';
import { type Parsed, parsedOf } from './parsed.ts';
import type { Endpoint, Installation, Key, Portfolio, Principal, Sender, Workspace } from './port.ts';
import { homeOf, parseStored } from './stored.ts';

export interface Home {
  home: string;
  workspace: string;
  environment: Environment;
}

export interface Snapshot extends Installation {
  version: string;
  principal(secret: string, nowMs: number): Principal | undefined;
  sendersByHome: Map<string, Sender[]>;
  /** By `nameAtPlatform`. */
  sendersByName: Map<string, Sender[]>;
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
/** What stands above a sender and bears on it. */
type Above = Pick<Sender, 'portfolio' | 'stopped' | 'disabled'>;
type SenderMaker = (one: SenderEntry, above: Above) => Sender;

/** A sender that did not change, and nothing above it did, is the same object: so its changes are seen by comparing. */
function senderMaker(): SenderMaker {
  const made = new WeakMap<SenderEntry, Sender>();
  return (one, { portfolio, stopped, disabled }) => {
    const before = made.get(one);
    const same = before?.portfolio === portfolio && before?.stopped === stopped;
    if (before && same && before.disabled === disabled) return before;
    const sender = { ...one.sender, portfolio, stopped, disabled };
    made.set(one, sender);
    return sender;
  };
}

/** Senders that are new or not what they were. */
export const changedSenders = (before: Snapshot, after: Snapshot): Sender[] =>
  [...after.senders.values()].filter((sender) => before.senders.get(sender.id) !== sender);

function snapshotOf(version: string, all: readonly Parsed[], senderOf: SenderMaker): Snapshot {
  const portfolios = byId(all.flatMap((one) => (one.kind === 'portfolio' ? [one.portfolio] : [])));
  const workspaces = byId(all.flatMap((one) => (one.kind === 'workspace' ? [one.workspace] : [])));
  const keys = byId(all.flatMap((one) => (one.kind === 'key' ? [one.key] : [])));
  const stopped = all.some((one) => one.kind === 'installation' && one.stopped);
  const senders = new Map<string, Sender>();
  const homes = new Map<string, Home>();
  for (const { id, workspace, environment } of portfolios.values()) {
    const home = homeOf('', id);
    homes.set(home, { home, workspace, environment });
  }
  for (const one of all) {
    if (one.kind !== 'sender') continue;
    const portfolio = one.portfolio === undefined ? undefined : portfolios.get(one.portfolio);
    const { workspace, environment } = one.sender;
    senders.set(one.sender.id, senderOf(one, aboveOf(one, workspaces.get(workspace), portfolio, stopped)));
    for (const home of one.homes) homes.set(home, { home, workspace, environment });
  }
  const endpoints = byId(all.flatMap((one) => (one.kind === 'webhook' ? [one.endpoint] : [])));
  const sendersByHome = Map.groupBy(senders.values(), (sender) => sender.home);
  const sendersByName = Map.groupBy(senders.values(), ({ platform, external_id }) =>
    nameAtPlatform(platform, external_id),
  );
  return {
    version,
    principal: authenticator(all, workspaces),
    stopped,
    workspaces,
    keys,
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

const byId = <One extends { id: string }>(all: readonly One[]): Map<string, One> =>
  new Map(all.map((one) => [one.id, one]));

function aboveOf(
  { sender }: SenderEntry,
  workspace: Workspace | undefined,
  portfolio: Portfolio | undefined,
  everything: boolean,
): Above {
  const disabled = sender.disabled || workspace?.disabled === true || portfolio?.disabled === true;
  const stopped = everything ? EVERYTHING : workspace?.stopped ? sender.workspace : undefined;
  return { portfolio, disabled, stopped };
}

/** Finds a key by the digest of what was presented; the comparison takes as long for a stranger as for a friend. */
function authenticator(
  all: readonly Parsed[],
  workspaces: ReadonlyMap<string, Workspace>,
): Snapshot['principal'] {
  const byDigest = new Map<
    string,
    { digest: Buffer; key: Key | undefined; principal: Principal | undefined }
  >();
  for (const one of all) {
    if (one.kind !== 'key' || one.key.disabled || workspaces.get(one.key.workspace)?.disabled) continue;
    const { id, workspace, environment, scopes } = one.key;
    const principal = { key: id, workspace, environment, scopes };
    byDigest.set(one.digest, { digest: Buffer.from(one.digest, 'hex'), key: one.key, principal });
  }
  const nobody = { digest: Buffer.alloc(32), key: undefined, principal: undefined };
  return (secret, nowMs) => {
    const hex = sha256Hex(secret);
    const { digest, key, principal } = byDigest.get(hex) ?? nobody;
    if (!timingSafeEqual(digest, Buffer.from(hex, 'hex'))) return undefined;
    return (key?.expires_at ?? Number.POSITIVE_INFINITY) > nowMs ? principal : undefined;
  };
}
