// The gates that a readable message passes on its way to being accepted, in Meta's order:
// template, pair, throughput (with any further windows), tier. Each message is judged at the stamp of its head.
// A number that does not enforce lets everything through and only has its violations counted.
import type { Entry, Ledger } from '../ledger/ledger.ts';
import { type GraphError, graphError } from '../meta/graph-error.ts';
import type { TemplateUse } from '../meta/message.ts';
import type { NumberRules, TemplateRule } from '../phone-number.ts';
import type { Settings } from '../settings.ts';
import type { Portfolio } from '../world.ts';
import { chargePair, pairExceeds } from './pair-debt.ts';

/** Judges and, when the message passes, charges it to every limit. The error to answer, or undefined: accepted. */
export function judge(
  entry: Entry,
  portfolio: Portfolio | undefined,
  settings: Settings,
  ledger: Ledger,
): GraphError | undefined {
  const { number, atUs, slot, message } = entry;
  const { rules, tally } = number;
  const waId = Number(message?.waId);

  const templateError = judgeTemplate(rules.templates, message?.template);
  if (templateError !== undefined) return templateError;

  const pairBroken = slot !== undefined && pairExceeds(tally.pairs, slot, atUs);
  if (pairBroken) {
    ledger.violate(entry, 'pair');
    if (rules.enforce) return pairError();
  }
  for (const { violation, count, window } of number.limits(settings)) {
    if (!window.gate.exceeds(atUs, count)) continue;
    ledger.violate(entry, violation);
    if (rules.enforce) return throttleError(rules);
  }
  const reply = number.customers.isOpen(waId, atUs);
  if (portfolio !== undefined && portfolio.limit !== 'unlimited' && !reply) {
    if (portfolio.unique.exceeds(waId, atUs, portfolio.limit)) {
      portfolio.violations += 1;
      ledger.violate(entry, 'unique');
      if (rules.enforce) {
        // The throughput gate comes first and has let it through: to the number it is a message like any other.
        chargeWindows(entry);
        return tierError();
      }
    }
  }
  chargeWindows(entry);
  if (slot !== undefined && !pairBroken) chargePair(tally.pairs, slot, atUs);
  if (!reply) portfolio?.unique.accepted(waId, atUs);
  return undefined;
}

export function throttleError(rules: NumberRules): GraphError {
  return graphError(130429, {
    status: rules.throttle_status,
    subcode: 2494055,
    details: 'Cloud API message throughput has been reached.',
    ...(rules.retry_after_s === undefined ? {} : { retryAfterS: rules.retry_after_s }),
  });
}

function chargeWindows({ number, atUs }: Entry): void {
  for (const { gate } of number.windows) gate.letThrough(atUs);
}

/** No list: every template exists. */
function judgeTemplate(
  known: readonly TemplateRule[] | undefined,
  used: TemplateUse | undefined,
): GraphError | undefined {
  if (known === undefined || used === undefined) return undefined;
  const template = known.find((rule) => rule.name === used.name && rule.language === used.language);
  if (template === undefined) {
    return graphError(132001, { details: `template name (${used.name}) does not exist in ${used.language}` });
  }
  if (template.status === 'PAUSED') return graphError(132015, { details: 'Template is paused.' });
  if (template.status === 'DISABLED') return graphError(132016, { details: 'Template is disabled.' });
  if (template.params === used.bodyParams) return undefined;
  return graphError(132000, {
    details:
      `body: number of localizable_params (${used.bodyParams}) does not match ` +
      `the expected number of params (${template.params})`,
  });
}

function pairError(): GraphError {
  return graphError(131056, {
    details:
      'Message failed to send because there were too many messages sent from this phone number to the same ' +
      'phone number in a short period of time.',
  });
}

function tierError(): GraphError {
  return graphError(131048, {
    details:
      'Message failed to send because there are restrictions on how many messages can be sent from this phone number.',
  });
}
