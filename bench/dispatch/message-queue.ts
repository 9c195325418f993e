// One BullMQ job per message: how a queue is filled and counted. What all messages share is not in the job; the worker knows it.
import { Queue } from 'bullmq';
import { connectForQueue } from '../../src/base/redis.ts';
import { type Message, messagesOf } from '../payloads.ts';

export const QUEUE = 'messages';
const BULK = 1_000;

export interface MessageJob extends Message {
  sender: number;
}

export const jobOf = (sender: number, message: Message): { name: string; data: MessageJob } => ({
  name: 'send',
  data: { sender, ...message },
});

export interface MessageQueue {
  fill(senders: number, perSender: number): Promise<void>;
  completed(): Promise<number>;
  close(): Promise<void>;
}

export function openMessageQueue(redisUrl: string, prefix: string): MessageQueue {
  const connection = connectForQueue(redisUrl);
  const queue = new Queue<MessageJob>(QUEUE, { connection, prefix });
  return {
    fill: async (senders, perSender) => {
      for (let sender = 0; sender < senders; sender++) {
        const jobs = messagesOf(sender, 0, perSender).map((message) => jobOf(sender, message));
        for (let at = 0; at < jobs.length; at += BULK) await queue.addBulk(jobs.slice(at, at + BULK));
      }
    },
    completed: async () => (await queue.getJobCounts('completed')).completed ?? 0,
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}
