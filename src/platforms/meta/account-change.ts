// What Meta's account webhooks change: a tier, a throughput, a stop, a template. Pure. Shapes: reference of Meta §3 and §5.6.
import type { AccountChange } from '../../contract/receipt.ts';
import { type Fields, itemsOf, objectOf, textOf } from './json.ts';

const UPGRADED_PER_SECOND = 1_000;
/** Restrictions that leave sending alone. */
const HARMLESS = /ADD_PHONE_NUMBER|CUSTOMER_INITIATED/;
const UNTIL_MAX_CHARS = 64;

/** What one change says about the account; nothing for fields that change nothing here. */
export function accountChangesOf(field: string, value: Fields): AccountChange[] {
  switch (field) {
    case 'business_capability_update':
      return tierOf(value.max_daily_conversations_per_business ?? value.max_daily_conversation_per_phone);
    case 'phone_number_quality_update':
      return [
        ...(value.event === 'THROUGHPUT_UPGRADE'
          ? [{ type: 'throughput' as const, per_second: UPGRADED_PER_SECOND }]
          : []),
        ...tierOf(value.max_daily_conversations_per_business ?? value.current_limit),
      ];
    case 'account_update':
      return accountOf(value);
    case 'message_template_status_update':
      return templateOf(value);
    default:
      return [];
  }
}

/** A number, −1 for unlimited; or a string: TIER_250, TIER_2K, TIER_UNLIMITED. */
function tierOf(value: unknown): AccountChange[] {
  const limit = typeof value === 'string' ? tierNamed(value) : value;
  if (limit === -1 || limit === 'unlimited') return [{ type: 'messaging_limit', limit: 'unlimited' }];
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1) return [];
  return [{ type: 'messaging_limit', limit }];
}

function tierNamed(name: string): number | 'unlimited' | undefined {
  if (name === 'TIER_UNLIMITED') return 'unlimited';
  const [, count, thousands] = /^TIER_(\d{1,6})(K?)$/.exec(name) ?? [];
  return count === undefined ? undefined : Number(count) * (thousands === 'K' ? 1_000 : 1);
}

function accountOf(value: Fields): AccountChange[] {
  const event = textOf(value.event) ?? '';
  switch (event) {
    case 'ACCOUNT_RESTRICTION': {
      const all = itemsOf(value.restriction_info).map((one) => objectOf(one) ?? {});
      const binding = all.filter(({ restriction_type }) => !HARMLESS.test(String(restriction_type)));
      return all.length > 0 && binding.length === 0 ? [] : [held(event, binding)];
    }
    case 'DISABLED_UPDATE':
      return objectOf(value.ban_info)?.waba_ban_state === 'REINSTATE'
        ? [{ type: 'account_freed' }]
        : [held(event, [])];
    case 'ACCOUNT_DELETED':
      return [held(event, [])];
    case 'VERIFIED_ACCOUNT':
      return [{ type: 'account_freed' }];
    default:
      return [];
  }
}

/** Until the last of the restrictions ends; one without an end needs a person. */
function held(code: string, restrictions: readonly Fields[]): AccountChange {
  const ends = restrictions.map(({ expiration }) => timeOf(expiration));
  const known = ends.filter((end) => end !== undefined);
  const until = known.length > 0 && known.length === ends.length ? Math.max(...known) : undefined;
  return { type: 'account_held', code, ...(until !== undefined && { until }) };
}

/** Unix seconds as a number or a string, or a date → ms. */
function timeOf(value: unknown): number | undefined {
  const seconds = Number(value);
  if (Number.isFinite(seconds) && seconds > 0) return seconds * 1_000;
  const parsed = typeof value === 'string' ? Date.parse(value.slice(0, UNTIL_MAX_CHARS)) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

const HELD_TEMPLATES = new Set(['PAUSED', 'DISABLED', 'REJECTED', 'PENDING_DELETION']);
const FREE_TEMPLATES = new Set(['APPROVED', 'REINSTATED']);

function templateOf(value: Fields): AccountChange[] {
  const event = textOf(value.event) ?? '';
  const name = textOf(value.message_template_name);
  const language = textOf(value.message_template_language);
  if (name === undefined || language === undefined) return [];
  if (FREE_TEMPLATES.has(event)) return [{ type: 'template_freed', name, language }];
  return HELD_TEMPLATES.has(event) ? [{ type: 'template_held', name, language, code: event }] : [];
}
