// Meta's management calls: templates of a WhatsApp Business Account, media of a number. Shapes: reference of Meta §3; `2388024` is Meta's subcode for a template
// that the account has already.
import type { Clock } from '../../base/clock.ts';
import { type CallOptions, type CallResult, fileForm, type HttpClient } from '../../base/http.ts';
import type { NewTemplate } from '../../contract/template.ts';
import type { AccountAccess, ListedTemplate, Made, Management } from '../port.ts';
import { addressOf, authorization, JSON_BODY } from './access.ts';
import { classify } from './classify.ts';
import { type Fields, itemsOf, objectOf, textOf } from './json.ts';
import { placeholdersIn } from './payload.ts';

/** What a management call may take. */
const MANAGEMENT_DEADLINE_MS = 30_000;
/** 100 MB at a megabyte a second. */
const UPLOAD_DEADLINE_MS = 120_000;
const LIST_DEADLINE_MS = 10_000;
const PAGE_TEMPLATES = 100;
/** An account has 6,000 templates at most. */
const PAGES_MAX = 80;
const EXISTS = 2_388_024;

export function createManagement(http: HttpClient, clock: Clock): Management {
  const call = (
    access: Pick<AccountAccess, 'base_url' | 'access_token'>,
    path: string,
    options: Partial<CallOptions>,
  ): Promise<CallResult> => {
    const { origin, root } = addressOf(access);
    return http.call({
      origin,
      path: `${root}/${path}`,
      headers: [...authorization(access), ...(typeof options.body === 'object' ? [] : JSON_BODY)],
      method: 'GET',
      body: '',
      mayWrite: () => true,
      deadlineMs: MANAGEMENT_DEADLINE_MS,
      ...options,
    });
  };
  const page = async (account: AccountAccess, query: string): Promise<Fields | undefined> => {
    const result = await call(account, `${account.account_id}/message_templates?${query}`, {
      deadlineMs: LIST_DEADLINE_MS,
    });
    return result.kind === 'answered' && result.status === 200 ? bodyOf(result) : undefined;
  };
  return {
    createTemplate: async (account, template, mayWrite) => {
      const body = JSON.stringify(templateBody(template));
      const result = await call(account, `${account.account_id}/message_templates`, {
        method: 'POST',
        body,
        mayWrite,
      });
      return madeOf(result, clock.now(), account.access_token);
    },
    uploadMedia: async (sender, file, mayWrite) => {
      const body = await fileForm({ messaging_product: 'whatsapp', type: file.type }, file);
      const path = `${sender.external_id}/media`;
      const result = await call(sender, path, {
        method: 'POST',
        body,
        mayWrite,
        deadlineMs: UPLOAD_DEADLINE_MS,
      });
      return madeOf(result, clock.now(), sender.access_token);
    },
    listTemplates: async (account, name) => {
      const found: ListedTemplate[] = [];
      let after = '';
      for (let pages = 0; pages < PAGES_MAX; pages += 1) {
        const filter = name === undefined ? '' : `&name=${encodeURIComponent(name)}`;
        const fields = 'fields=id,name,language,status,category,components';
        const body = await page(account, `${fields}&limit=${PAGE_TEMPLATES}${filter}${after}`);
        if (!body) return undefined;
        found.push(...itemsOf(body.data).flatMap(templateOf));
        const paging = objectOf(body.paging);
        const cursor = textOf(objectOf(paging?.cursors)?.after);
        if (!textOf(paging?.next) || !cursor) return found;
        after = `&after=${encodeURIComponent(cursor)}`;
      }
      return found;
    },
  };
}

const templateBody = ({ name, language, category, components }: NewTemplate): object => ({
  name,
  language,
  category: category.toUpperCase(),
  components,
});

function madeOf(result: CallResult, nowMs: number, token: string): Made {
  const body = result.kind === 'answered' ? bodyOf(result) : undefined;
  const id = textOf(body?.id) ?? (typeof body?.id === 'number' ? String(body.id) : undefined);
  if (result.kind === 'answered' && result.status < 300 && id !== undefined)
    return {
      outcome: 'made',
      id,
      status: textOf(body?.status) ?? 'PENDING',
      category: textOf(body?.category),
    };
  const verdict = classify(result, nowMs, [token]);
  if (verdict.outcome === 'failed') {
    const exists = objectOf(body?.error)?.error_subcode === EXISTS;
    return { outcome: 'failed', code: verdict.code, message: verdict.message, exists };
  }
  const { code, message } = verdict.outcome === 'accepted' ? UNREADABLE : verdict;
  const wait = verdict.outcome === 'later' ? verdict.wait : undefined;
  return { outcome: 'later', code, message, sent: result.kind !== 'not_sent', wait };
}

const UNREADABLE = { code: 'unreadable', message: 'an answer that says nothing of what was made' };

function bodyOf({ body }: { body: string }): Fields | undefined {
  try {
    return objectOf(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function templateOf(value: unknown): ListedTemplate[] {
  const one = objectOf(value);
  const [name, language] = [textOf(one?.name), textOf(one?.language)];
  if (!one || name === undefined || language === undefined) return [];
  const id = textOf(one.id) ?? null;
  const category = (textOf(one.category) ?? '').toLowerCase();
  const body = bodyTextOf(one.components);
  return [
    { id, name, language, category, status: textOf(one.status) ?? '', variables: placeholdersIn(body), body },
  ];
}

/** The text of the body among a template's components. */
export function bodyTextOf(components: unknown): string {
  const all = itemsOf(components).map((one) => objectOf(one));
  return textOf(all.find((one) => String(one?.type).toLowerCase() === 'body')?.text) ?? '';
}
