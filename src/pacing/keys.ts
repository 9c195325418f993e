// The keys of one limit, in the slot of its home.
export interface LimitKeys {
  /** Hash: calls under way, next moment of the even grid. */
  state: string;
  /** List of the times (µs) when taken places come free, rising. */
  times: string;
}

export function limitKeys(namespace: string, home: string, scope: string, name: string): LimitKeys {
  const state = `${namespace}:{${home}}:limit:${scope}:${name}`;
  return { state, times: `${state}:times` };
}

/** Hash of the home: what the platform said must wait, field → "until|code|repeat|probing" (lua/_holds.lua). */
export const holdsKey = (namespace: string, home: string): string => `${namespace}:{${home}}:holds`;

/** Hash of the home: field of a hold → when the platform last said something of it (unix ms). */
export const saidKey = (namespace: string, home: string): string => `${holdsKey(namespace, home)}:said`;

/** Hash of the home: how its senders take turns under a limit that they share (lua/_shares.lua). */
export const sharesKey = (namespace: string, home: string): string => `${namespace}:{${home}}:shares`;

/** Sorted set: person → when the customer service window ends (µs). */
export const windowKey = (namespace: string, home: string, sender: string): string =>
  `${namespace}:{${home}}:window:${sender}`;

/** Sorted set: person → until when (µs) no marketing goes to them. */
export const restKey = (namespace: string, home: string): string => `${namespace}:{${home}}:rest`;

/** Fields of the holds hash. */
export const holdFields = {
  sender: (id: string): string => `sender:${id}`,
  credentials: (sender: string): string => `credentials:${sender}`,
  portfolio: 'portfolio',
  template: (name: string, language: string): string => `template:${name}:${language}`,
};
