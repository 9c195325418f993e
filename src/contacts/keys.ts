// The Redis keys of this room, in the slot of their workspace. People stand in them by their keyed hash.
import type { Environment } from '../contract/environment.ts';

/** Whose people: each workspace and environment has its own. */
export interface Owner {
  workspace: string;
  environment: Environment;
}

export function peopleKeys(namespace: string, { workspace, environment }: Owner) {
  const at = (name: string): string => `${namespace}:{${workspace}}:${name}:${environment}`;
  return {
    /** Hash: person → "at|source|categories|reason". */
    suppressed: at('suppressed'),
    /** Sorted set: person by when they were suppressed (unix ms). */
    suppressedList: at('suppressed:list'),
    /** Sorted set: person by when they last asked for messages again (unix ms). */
    started: at('started'),
    /** Sorted set: person by the newest record of them that a rebuild has read (µs). */
    restored: at('restored'),
    /** Hash: person → the person that the platform says it is. */
    aliases: at('aliases'),
  };
}

/** `recent`: sorted set of the people who got a template; `said`: the last answer that a lane got about it. */
export function recentKeys(
  namespace: string,
  { workspace, environment }: Owner,
  template: string,
  lane: string,
) {
  const recent = `${namespace}:{${workspace}}:recent:${environment}:${template}`;
  return { recent, said: `${recent}:${lane}` };
}

export function contactKeys(namespace: string, { workspace, environment }: Owner) {
  const at = (name: string): string => `${namespace}:{${workspace}}:${name}:${environment}`;
  return {
    /** Hash: id → JSON. */
    contacts: at('contacts'),
    /** Hash: person → id. */
    numbers: at('contacts:numbers'),
    /** Hash: external id → id. */
    externals: at('contacts:externals'),
    /** Sorted set: the keyed hashes of forgotten contacts' numbers and external ids, by when (unix ms). */
    forgotten: at('contacts:forgotten'),
    /** Sorted set: id by its last change (unix ms). */
    updated: at('contacts:updated'),
    /** The same of those with a tag. */
    tag: (tag: string): string => `${at('contacts:tag')}:${tag}`,
  };
}

/** Of the installation: what is to be looked through for forgotten people. */
export const erasingKeys = (namespace: string) => ({
  /** Sorted set: what, by when (unix ms). */
  asked: `${namespace}:erasing`,
  /** Hash: what → JSON of how far it is. */
  begun: `${namespace}:erasing:begun`,
});
