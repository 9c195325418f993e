// Where the lane tests keep their counts, and which lanes they use.
import { loadScript } from '../../src/base/script.ts';
import { type LaneId, laneKeys } from '../../src/lanes/keys.ts';

export const HOME = 'churn';
export const arriveScript = loadScript(import.meta.dirname, 'lua/arrive.lua');
export const drainScript = loadScript(import.meta.dirname, 'lua/drain.lua');

export const statsKey = (namespace: string): string => `${namespace}:{${HOME}}:stats`;
export const napsKey = (namespace: string): string => `${namespace}:{${HOME}}:naps`;
export const calmKey = (namespace: string): string => `${namespace}:{${HOME}}:calm`;
export const laneOf = (number: number): LaneId => ({ home: HOME, sender: `s${number}` });

export const arriveKeys = (namespace: string, lane: LaneId): string[] => {
  const { lane: hash, lanes, later } = laneKeys(namespace, lane);
  return [hash, lanes, later, statsKey(namespace)];
};
export const drainKeys = (namespace: string, lane: LaneId): string[] => [
  ...arriveKeys(namespace, lane),
  napsKey(namespace),
];
