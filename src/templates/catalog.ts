// The templates of an account as a process remembers them: the list is asked for once an hour, and nobody waits for it for long. While the
// platform does not answer nothing is known, which forbids nothing.
import type { Clock } from '../base/clock.ts';
import { type Template, templateName } from '../contract/template.ts';
import type { KnownTemplates, TemplateOwner, TemplateStore } from './store.ts';

/** A list is good for this long. */
const LIST_MS = 3_600_000;
/** What other processes have learned since is read after this; and a platform that did not answer is asked again. */
const READ_MS = 60_000;
/** Nobody waits longer for a list that there is not yet. */
const PATIENCE_MS = 1_000;
/** Templates that one process remembers, over all accounts. */
const REMEMBERED_MAX = 200_000;

export interface Catalog {
  /** Unix ms of the list. */
  fetchedMs: number;
  template(name: string, language: string): Template | undefined;
}

export interface Catalogs<Account extends CatalogAccount> {
  /** What is known, from the platform when it is older than an hour; waits for it. Undefined: nothing was ever known. */
  list(account: Account): Promise<KnownTemplates | undefined>;
  /** What is known by a list of the last hour; at once, but where there is none yet: then after a second at most. */
  known(account: Account): Catalog | undefined | Promise<Catalog | undefined>;
  /** What there is now, by a list that is a minute old at most; waits for a second at most. */
  newer(account: Account): Promise<Catalog | undefined>;
}

export interface CatalogAccount {
  home: string;
  account_id: string;
}

export interface CatalogsOptions<Account> {
  store: TemplateStore;
  clock: Clock;
  /** Asks the platform; undefined: it did not tell. */
  fetch(account: Account): Promise<Template[] | undefined>;
}

interface Remembered {
  readMs: number;
  catalog: Catalog | undefined;
  size: number;
}

export function createCatalogs<Account extends CatalogAccount>(
  options: CatalogsOptions<Account>,
): Catalogs<Account> {
  const { store, clock } = options;
  const remembered = new Map<string, Remembered>();
  const reading = new Map<string, Promise<KnownTemplates | undefined>>();
  const nameOf = ({ home, account_id }: Account): string => `${home} ${account_id}`;
  const ownerOf = ({ home, account_id }: Account): TemplateOwner => ({ home, account: account_id });

  const refresh = async (account: Account, maxAgeMs: number): Promise<KnownTemplates | undefined> => {
    const owner = ownerOf(account);
    const before = await store.read(owner);
    const nowMs = clock.now();
    if (before.fetchedMs !== undefined && nowMs - before.fetchedMs < maxAgeMs) return before;
    const templates = await options.fetch(account);
    if (!templates)
      return before.fetchedMs === undefined && before.templates.length === 0 ? undefined : before;
    await store.replace(owner, templates, nowMs);
    return { fetchedMs: nowMs, templates };
  };
  /** One at a time for each account; what comes of it is remembered. */
  const read = (account: Account, maxAgeMs = LIST_MS): Promise<KnownTemplates | undefined> => {
    const name = nameOf(account);
    const under = reading.get(name);
    if (under) return under;
    const one = refresh(account, maxAgeMs)
      .catch(() => undefined)
      .then((found) => {
        reading.delete(name);
        remember(remembered, name, catalogOf(found), clock.now());
        return found;
      });
    reading.set(name, one);
    return one;
  };
  const fresh = (catalog: Catalog | undefined): Catalog | undefined =>
    catalog && clock.now() - catalog.fetchedMs < LIST_MS ? catalog : undefined;
  const soon = async (account: Account, maxAgeMs?: number): Promise<Catalog | undefined> => {
    const stopped = new AbortController();
    const late = clock.delay(PATIENCE_MS, stopped.signal).then(() => undefined);
    const found = await Promise.race([read(account, maxAgeMs).then(catalogOf), late]);
    stopped.abort();
    return fresh(found);
  };
  return {
    list: (account) => read(account),
    known: (account) => {
      const one = remembered.get(nameOf(account));
      if (!one) return soon(account);
      if (clock.now() - one.readMs > READ_MS) void read(account);
      return fresh(one.catalog);
    },
    newer: (account) => soon(account, READ_MS),
  };
}

function remember(
  remembered: Map<string, Remembered>,
  name: string,
  found: Sized | undefined,
  readMs: number,
): void {
  remembered.delete(name);
  remembered.set(name, { readMs, catalog: found, size: 1 + (found?.size ?? 0) });
  let sum = [...remembered.values()].reduce((all, { size }) => all + size, 0);
  for (const [oldest, { size }] of remembered) {
    if (sum <= REMEMBERED_MAX || oldest === name) break;
    remembered.delete(oldest);
    sum -= size;
  }
}

type Sized = Catalog & { size: number };

function catalogOf(known: KnownTemplates | undefined): Sized | undefined {
  if (known?.fetchedMs === undefined) return undefined;
  const byName = new Map(known.templates.map((one) => [templateName(one), one]));
  return {
    fetchedMs: known.fetchedMs,
    size: byName.size,
    template: (name, language) => byName.get(templateName({ name, language })),
  };
}
