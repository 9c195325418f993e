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
