// The calls of the peers: the same client, the same payloads and as many calls in flight as a dispatch worker has.
import { systemClock } from '../../src/base/clock.ts';
import { readConfig } from '../../src/base/config.ts';
import { createHttpClient } from '../../src/base/http.ts';
import { createMeta } from '../../src/platforms/meta/client.ts';
import type { SenderAccess } from '../../src/platforms/port.ts';
import { CONTENT } from '../payloads.ts';
import { phoneNumberId } from '../sluice.ts';

/** What a peer's process is told on its command line. */
export interface PeerOptions {
  platformUrl: string;
  senders: number;
  perSender: number;
  redisUrl: string;
  /** Of a BullMQ queue. */
  prefix: string;
}

export const peerOptions = (): PeerOptions => JSON.parse(process.argv[2] ?? '{}') as PeerOptions;

/** DISPATCH_CALLS, or its default. */
export const callsInFlight = (): number =>
  readConfig({
    DISPATCH_CALLS: process.env.DISPATCH_CALLS,
    SLUICE_SECRET: Buffer.alloc(32).toString('base64'),
  }).dispatchCalls;

export interface Calls {
  /** Sends one message; the platform's id for it. Throws when it was not taken. */
  send(sender: number, to: string, variables: string[], attemptId: string): Promise<string>;
  close(): Promise<void>;
}

export function createCalls({ platformUrl, senders }: PeerOptions): Calls {
  const http = createHttpClient({ clock: systemClock, connectionsPerOrigin: callsInFlight() });
  const meta = createMeta(http, systemClock);
  const access = Array.from(
    { length: senders },
    (_, sender): SenderAccess => ({
      external_id: phoneNumberId(sender),
      base_url: platformUrl,
      access_token: 'bench-access-token',
    }),
  );
  return {
    send: async (sender, to, variables, attemptId) => {
      const number = access[sender];
      if (!number) throw new Error(`there is no sender ${sender}`);
      const { verdict } = await meta.send(number, { to, content: CONTENT, variables, attemptId }, () => true);
      if (verdict.outcome === 'accepted') return verdict.providerId;
      throw new Error(`${verdict.outcome}: ${verdict.code} ${verdict.message}`);
    },
    close: () => http.close(),
  };
}
