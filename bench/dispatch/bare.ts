// The peer `bare`, a process: a loop of the calls that dispatch makes. No queue, no limits, no record of anything.
import { messagesOf } from '../payloads.ts';
import { callsInFlight, createCalls, peerOptions } from './calls.ts';

const options = peerOptions();
const { senders, perSender } = options;
const calls = createCalls(options);
const messages = Array.from({ length: senders }, (_, sender) => messagesOf(sender, 0, perSender));
const total = senders * perSender;
let next = 0;
let accepted = 0;

process.stdout.write('ready\n');
await Promise.all(Array.from({ length: callsInFlight() }, sendSome));
await calls.close();
process.stdout.write(`accepted ${accepted}\n`);

/** Senders take turns, as they do in dispatch. */
async function sendSome(): Promise<void> {
  for (let i = next++; i < total; i = next++) {
    const sender = i % senders;
    const message = messages[sender]?.[Math.floor(i / senders)];
    if (!message) continue;
    await calls.send(sender, message.to, message.variables, `bench.${i}.1`);
    accepted++;
  }
}
