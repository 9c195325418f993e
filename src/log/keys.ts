// What the log is called where it lives. One stream, or one topic, per `Topic`.
import type { Topic } from './port.ts';

/** Redis Streams: the whole of a topic is one key, so scripts touch one slot. */
export const streamKey = (namespace: string, topic: Topic): string => `${namespace}:log:${topic}`;

export const kafkaTopic = (namespace: string, topic: Topic): string => `${namespace}.${topic}`;

export const kafkaGroup = (namespace: string, group: string): string => `${namespace}.${group}`;
