// What is known of the templates of an account at a platform: the list as it was fetched last, and what has become of single ones since.
import type { Clock } from '../base/clock.ts';
import { ask, type Redis } from '../base/redis.ts';
import { type Template, templateName, templateViewSchema } from '../contract/template.ts';

/** What nobody fetches again is forgotten. */
const KEPT_MS = 30 * 86_400_000;
/** An account has 6,000 templates at most; beyond it single ones are not added. */
const TEMPLATES_MAX = 8_000;
const FIELDS_AT_ONCE = 500;
const FETCHED = 'fetched';

/** Whose templates: an account as the senders of a home name it. */
export interface TemplateOwner {
  home: string;
  account: string;
}

export interface KnownTemplates {
  /** Unix ms of the last whole list; undefined: there never was one. */
  fetchedMs: number | undefined;
  templates: Template[];
}

export interface TemplateStore {
  read(owner: TemplateOwner): Promise<KnownTemplates>;
  /** The whole list as the platform has it. */
  replace(owner: TemplateOwner, templates: readonly Template[], fetchedMs: number): Promise<void>;
  /** One that was submitted just now. */
  put(owner: TemplateOwner, template: Template): Promise<void>;
  /** What the platform says of one that is known. */
  status(owner: TemplateOwner, told: Pick<Template, 'name' | 'language' | 'status'>): Promise<void>;
}

export function createTemplateStore(redis: Redis, namespace: string, clock: Clock): TemplateStore {
  const keyOf = ({ home, account }: TemplateOwner): string => `${namespace}:{${home}}:templates:${account}`;
  const put = async (owner: TemplateOwner, template: Template): Promise<void> => {
    const key = keyOf(owner);
    if ((await ask(redis.client.hlen(key))) >= TEMPLATES_MAX) return;
    await ask(redis.client.hset(key, fieldOf(template), JSON.stringify(template)));
    await ask(redis.client.pexpire(key, KEPT_MS));
  };
  return {
    put,
    read: async (owner) => {
      const { [FETCHED]: fetched, ...rest } = await ask(redis.client.hgetall(keyOf(owner)));
      const templates = Object.values(rest).flatMap((text) => readOne(text) ?? []);
      return { fetchedMs: fetched === undefined ? undefined : Number(fetched), templates };
    },
    replace: async (owner, templates, fetchedMs) => {
      const fields = templates
        .slice(0, TEMPLATES_MAX)
        .map((one) => [fieldOf(one), JSON.stringify(templateViewSchema.parse(one))]);
      // Written beside, then put in its place: nobody reads half a list.
      const beside = `${keyOf(owner)}:${clock.randomHex(8)}`;
      await ask(redis.client.hset(beside, FETCHED, String(fetchedMs)));
      await ask(redis.client.pexpire(beside, KEPT_MS));
      for (let i = 0; i < fields.length; i += FIELDS_AT_ONCE)
        await ask(redis.client.hset(beside, ...fields.slice(i, i + FIELDS_AT_ONCE).flat()));
      await ask(redis.client.rename(beside, keyOf(owner)));
    },
    status: async (owner, told) => {
      const known = readOne(await ask(redis.client.hget(keyOf(owner), fieldOf(told))));
      if (known && known.status !== told.status) await put(owner, { ...known, status: told.status });
    },
  };
}

const fieldOf = (template: Pick<Template, 'name' | 'language'>): string => `t ${templateName(template)}`;

function readOne(text: string | null): Template | undefined {
  return text === null ? undefined : templateViewSchema.safeParse(JSON.parse(text)).data;
}
