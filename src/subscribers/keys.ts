// The Redis keys of this room. All of a workspace carry its hash tag, so that one script stores events and hands them to its endpoints.

/** Whose endpoint. */
export interface EndpointRef {
  workspace: string;
  environment: string;
  id: string;
}

type OwnerRef = Pick<EndpointRef, 'workspace' | 'environment'>;

const owned = (namespace: string, { workspace, environment }: OwnerRef): string =>
  `${namespace}:{${workspace}}:events:${environment}`;

/** Stream of the records of events, newest last: what deliveries point at. */
export const eventsKey = (namespace: string, owner: OwnerRef): string => owned(namespace, owner);

/** That a record is stored already, and where. */
export const seenKey = (namespace: string, owner: OwnerRef, record: string): string =>
  `${owned(namespace, owner)}:seen:${record}`;

export function endpointKeys(namespace: string, { workspace, id }: EndpointRef) {
  const endpoint = `${namespace}:{${workspace}}:webhook:${id}`;
  return {
    /** Sorted set of positions in the stream of events that wait, by when to try them (unix ms). */
    due: `${endpoint}:due`,
    /** Hash: position → tries that failed. */
    tries: `${endpoint}:tries`,
    /** Hash: failures in a row, since when, and until when nothing is tried (unix ms). */
    state: `${endpoint}:state`,
    /** Stream of what was tried, newest last. */
    log: `${endpoint}:log`,
  };
}

/** Set of endpoints ("id") that have something due. A hint: a look at all of them finds what it lost. */
export const dueHintsKey = (namespace: string): string => `${namespace}:webhooks:due`;
