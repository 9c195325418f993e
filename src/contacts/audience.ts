// The contacts with any or all of some tags, bounded, whatever the tags hold.
import { refused } from '../base/failure.ts';
import { ask, type Redis } from '../base/redis.ts';
import type { Audience } from '../contract/audience.ts';
import type { StoredContact } from './contact.ts';
import { contactKeys, type Owner } from './keys.ts';

/** As many as one bulk job has messages. */
const AUDIENCE_MAX = 10_000;
/** Contacts of the smallest tag that are looked through for those with all. */
const SCAN_MAX = 200_000;
const PAGE = 1_000;

interface AudienceOptions {
  redis: Redis;
  namespace: string;
}

/** By id. Throws `unprocessable` when they are too many, or none. */
export async function audienceOf(
  options: AudienceOptions,
  owner: Owner,
  { tags, match }: Pick<Audience, 'tags' | 'match'>,
): Promise<StoredContact[]> {
  const keys = contactKeys(options.namespace, owner);
  const lists = [...new Set(tags)].map(keys.tag);
  const ids = match === 'any' ? await idsOfAny(options, lists) : await idsOfAll(options, lists);
  const { client } = options.redis;
  const found: StoredContact[] = [];
  for (let i = 0; i < ids.length; i += PAGE) {
    const texts = await ask(client.hmget(keys.contacts, ...ids.slice(i, i + PAGE)));
    for (const text of texts) if (text) found.push(JSON.parse(text) as StoredContact);
  }
  if (found.length === 0) throw problem('empty', 'matches no contact');
  return found;
}

async function idsOfAny({ redis }: AudienceOptions, lists: readonly string[]): Promise<string[]> {
  const ids = new Set<string>();
  for (const list of lists) {
    for (const id of await ask(redis.client.zrange(list, '0', String(AUDIENCE_MAX)))) ids.add(id);
    if (ids.size > AUDIENCE_MAX) throw tooMany();
  }
  return [...ids].sort();
}

async function idsOfAll({ redis: { client } }: AudienceOptions, lists: readonly string[]): Promise<string[]> {
  const counts = await Promise.all(lists.map((list) => ask(client.zcard(list))));
  const least = Math.min(...counts);
  const [smallest = ''] = lists.filter((_, i) => counts[i] === least);
  if (least > SCAN_MAX)
    throw problem('too_many', `names tags of more than ${SCAN_MAX} contacts each: add a narrower one`);
  const others = lists.filter((list) => list !== smallest);
  const ids = new Set<string>();
  for (let cursor = '0', pages = 0; pages === 0 || cursor !== '0'; pages += 1) {
    const [next, some] = await ask(client.zscan(smallest, cursor, 'COUNT', PAGE));
    let page = some.filter((_, i) => i % 2 === 0);
    for (const list of others) page = await inList(client, list, page);
    for (const id of page) ids.add(id);
    if (ids.size > AUDIENCE_MAX) throw tooMany();
    cursor = next;
  }
  return [...ids].sort();
}

async function inList(client: Redis['client'], list: string, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const scores = await ask(client.zmscore(list, ...ids));
  return ids.filter((_, i) => scores[i] !== null);
}

const problem = (code: string, message: string) =>
  refused('unprocessable', `The audience ${message}`, [{ path: 'audience', code, message }]);

const tooMany = () =>
  problem('too_many', `matches more than ${AUDIENCE_MAX} contacts, which is the most of one job`);
