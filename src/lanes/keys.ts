// The keys of one lane. All carry the home's hash tag, so that one script may touch them together with limits and ledger.
export interface LaneId {
  home: string;
  sender: string;
}

export interface LaneKeys {
  /** Hash: ticket number, fence, lease end, version, last replies. */
  lane: string;
  /** Sorted set of the home's lanes that have work, by the time (µs) a turn must have opened. */
  lanes: string;
  /** Sorted set of started runs ("job:from:to:try") with calls under way, by the time (µs) their last call's deadline ends. */
  fly: string;
  /** Hash: started run → its calls under way; and a field "early job:index:try" for each call whose receipt came before its answer. */
  flying: string;
  /** Sorted set of items that wait alone, by due time (µs). */
  later: string;
  /** Sorted set of cursors that wait for a time (µs), members "priority cursor". */
  scheduled: string;
  /** Hash: cursor → where it stands (lua/_cursor.lua). */
  cursors: string;
  /** Lists of cursors, one per priority, served from the head. */
  queues: [high: string, normal: string, bulk: string];
}

export const lanesKey = (namespace: string, home: string): string => `${namespace}:{${home}}:lanes`;

/** Set of homes where upkeep looks before their time. */
export const stirredKey = (namespace: string): string => `${namespace}:stirred`;

/** Set of processes that hold lanes, and of each a key that lives as long as it says so. */
export const holdersKey = (namespace: string): string => `${namespace}:holders`;
export const holderKey = (namespace: string, holder: string): string => `${namespace}:holder:${holder}`;

export function laneKeys(namespace: string, { home, sender }: LaneId): LaneKeys {
  const lane = `${namespace}:{${home}}:lane:${sender}`;
  return {
    lane,
    lanes: lanesKey(namespace, home),
    fly: `${lane}:fly`,
    flying: `${lane}:flying`,
    later: `${lane}:later`,
    scheduled: `${lane}:scheduled`,
    cursors: `${lane}:cursors`,
    queues: [`${lane}:high`, `${lane}:normal`, `${lane}:bulk`],
  };
}
