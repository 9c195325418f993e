// What an answer tells of a person beside what became of the message: that they want no more marketing, or that the platform calls them by
// another number. Lost, either is told again by the next answer.
import type { Sender } from '../../src/accounts/port.ts';
import { messageOf } from '../../src/base/failure.ts';
import type { Verdict } from '../../src/platforms/port.ts';
import type { DispatchContext } from './context.ts';

/** `to`: E.164. Never rejects, and returns at once. */
export function noteTold(
  { suppressions, platforms, logger }: Pick<DispatchContext, 'suppressions' | 'platforms' | 'logger'>,
  sender: Sender,
  to: string,
  verdict: Verdict,
): void {
  const { workspace, environment, platform, id } = sender;
  const owner = { workspace, environment };
  const kept = (work: Promise<unknown>): void =>
    void work.catch((error: unknown) =>
      logger.warn('person.not_noted', { sender: id, reason: messageOf(error) }),
    );
  if (verdict.outcome === 'accepted' && verdict.reached !== undefined && verdict.reached !== to)
    kept(suppressions.learn(owner, to, verdict.reached));
  else if (verdict.outcome === 'failed' && platforms[platform].isOptOut(verdict.code))
    kept(
      suppressions.add(owner, [
        { to, source: 'platform', reason: verdict.message, categories: ['marketing'] },
      ]),
    );
}
