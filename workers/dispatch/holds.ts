// What a platform's verdict says of more than one message: what must wait, and for how long. Pure.
import type { Content } from '../../src/contract/record.ts';
import { holdFields } from '../../src/pacing/keys.ts';
import type { Later, Verdict } from '../../src/platforms/port.ts';

/** A hold to place: `field` waits at least `atLeastMs` and, on top, `share` of a backoff that doubles with every repeat. */
export interface HoldOrder {
  field: string;
  code: string;
  atLeastMs: number;
  baseMs: number;
  capMs: number;
  /** 0 ≤ share < 1 */
  share: number;
}

/** The field of a content's template; '' for a text. */
export const templateHold = ({ template }: Content): string =>
  template ? holdFields.template(template.name, template.language) : '';

/** Undefined when the item alone waits, or the limit moves. */
export function holdOf(
  verdict: Verdict,
  sender: string,
  content: Content,
  random: () => number,
): HoldOrder | undefined {
  if (verdict.outcome !== 'later') return undefined;
  const field = fieldOf(verdict, sender, content);
  if (field === '') return undefined;
  const { atLeastMs, backoff, askedMs } = verdict.wait;
  if (askedMs !== undefined)
    return { field, code: verdict.code, atLeastMs: askedMs, baseMs: 0, capMs: 0, share: 0 };
  return { field, code: verdict.code, atLeastMs, ...backoff, share: random() };
}

/** A throttled number is slowed down, not held, unless the platform says how long. */
function fieldOf({ moves, throttled, wait }: Later, sender: string, content: Content): string {
  switch (moves) {
    case 'sender':
      return throttled && wait.askedMs === undefined ? '' : holdFields.sender(sender);
    case 'credentials':
      return holdFields.credentials(sender);
    case 'portfolio':
      return holdFields.portfolio;
    case 'template':
      return templateHold(content);
    default:
      return '';
  }
}
