// How long a sender's calls take from their moment to their end: what dispatch has measured lately, and a forecast needs.
import { ask, type Redis } from '../base/redis.ts';

/** What is assumed of a sender that nobody has measured. */
const UNKNOWN_US = 100_000;
const KEPT_SECONDS = 86_400;

export interface AnswerTimes {
  medianUs: number;
  p90Us: number;
}

const answersKey = (namespace: string, home: string, sender: string): string =>
  `${namespace}:{${home}}:answers:${sender}`;

export async function writeAnswerTimes(
  redis: Redis,
  namespace: string,
  { home, sender }: { home: string; sender: string },
  { medianUs, p90Us }: AnswerTimes,
): Promise<void> {
  const text = `${medianUs.toFixed(0)} ${p90Us.toFixed(0)}`;
  await ask(redis.client.set(answersKey(namespace, home, sender), text, 'EX', KEPT_SECONDS));
}

export async function readAnswerTimes(
  redis: Redis,
  namespace: string,
  home: string,
  senders: readonly string[],
): Promise<AnswerTimes[]> {
  if (senders.length === 0) return [];
  const texts = await ask(redis.client.mget(senders.map((sender) => answersKey(namespace, home, sender))));
  return texts.map((text) => {
    const [medianUs = UNKNOWN_US, p90Us = 2 * UNKNOWN_US] = text ? text.split(' ').map(Number) : [];
    return { medianUs, p90Us };
  });
}
