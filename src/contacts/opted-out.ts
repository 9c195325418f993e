// An opt-out as the reason of an item that is not sent. Pure.
import type { Category } from '../contract/suppression.ts';
import { forbids, type Suppressed } from './suppressed.ts';

const SAID: Readonly<Record<string, string>> = {
  inbound: 'the person wrote that they want no more messages',
  platform: 'the person told the platform that they want no more messages',
};

/** Undefined when it is about other categories. */
export function optedOut(
  optOut: Suppressed,
  category: Category,
): { code: 'suppressed'; message: string } | undefined {
  if (!forbids(optOut, category)) return undefined;
  return {
    code: 'suppressed',
    message: SAID[optOut.source] ?? `the person is suppressed (${optOut.source})`,
  };
}
