// `POST /v{N}.{M}/{phone_number_id}/messages`: stamps the arrival at its head, reads the body, decides, answers.
// The order is Meta's: token, number, registration, body, then faults on demand, then the gates of the judge.
// This is the path the benchmarks run through, so it builds its answer as text and does nothing twice.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterDelay } from '../clock.ts';
import { judge, throttleError } from '../judge/judge.ts';
import type { Entry } from '../ledger/ledger.ts';
import type { PhoneNumber } from '../phone-number.ts';
import type { Latency } from '../settings.ts';
import { sayReceipts } from '../webhook/receipts.ts';
import { answer, destroy, readBody } from '../wire.ts';
import type { World } from '../world.ts';
import { envelope, type GraphError, graphError, tokenError, unknownObject } from './graph-error.ts';
import { type Message, parseMessage } from './message.ts';
import { wamidOf } from './wamid.ts';

const MAX_BODY_BYTES = 1_048_576;
const GARBAGE = '{"messaging_product":"whatsapp","contacts":[{"inp';

/** What goes back over the wire; no body means that the connection is cut. */
interface Reply {
  status: number;
  body: string | undefined;
  delayMs: number;
  retryAfterS?: number;
  /** The sender hears plainly that its message was accepted. */
  ok: boolean;
  /** The id of a message that was taken, whatever the answer. */
  id?: string;
}

export function receiveSend(
  world: World,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const atUs = world.clock.nowUs();
  const number = world.numberFor(id);
  const entry = world.ledger.arrive(number ?? world.nobody, atUs, world.clock.wallMs());
  readBody(request, MAX_BODY_BYTES, (body) => {
    if (body === undefined) {
      world.ledger.abort(entry);
      destroy(response);
      return;
    }
    const reply = decide(
      world,
      entry,
      number === undefined ? id : undefined,
      request.headers.authorization,
      body,
    );
    const answerMs = latencyOf(world, entry.number) + reply.delayMs;
    afterDelay(answerMs, () => deliver(entry, reply, response));
    if (reply.id !== undefined && entry.message !== undefined)
      sayReceipts(world, entry.number, entry.message, reply.id, answerMs);
  });
}

function deliver(entry: Entry, reply: Reply, response: ServerResponse): void {
  if (reply.body === undefined) {
    destroy(response);
    return;
  }
  const sent = answer(response, reply.status, reply.body, reply.retryAfterS);
  if (sent && reply.ok) entry.number.tally.answeredOk += 1;
}

function decide(
  world: World,
  entry: Entry,
  unknownId: string | undefined,
  authorization: string | undefined,
  raw: string,
): Reply {
  const { ledger } = world;
  const early = judgeCaller(entry.number, unknownId, authorization);
  if (early !== undefined) return refuse(world, entry, early);
  const message = parseMessage(raw);
  if ('code' in message) return refuse(world, entry, message);
  message.waId = entry.number.rules.wa_ids?.[message.waId] ?? message.waId;
  ledger.address(entry, message);

  const fault = world.faults.before(entry.number.id);
  if (fault !== undefined) {
    const delayMs = fault.delay_ms ?? 0;
    if (fault.kind === 'drop_before') {
      ledger.dropBefore(entry);
      return { status: 0, body: undefined, delayMs, ok: false };
    }
    const error =
      fault.kind === 'throttle' ? throttleError(entry.number.rules) : faultError(fault.code, fault.status);
    ledger.refuse(entry, error.code, fault.kind);
    return { ...replyOf(error), delayMs };
  }

  const { portfolio } = entry.number.rules;
  const shared = portfolio === undefined ? undefined : world.openPortfolio(portfolio);
  const refusal = judge(entry, shared, world.settings, ledger);
  if (refusal !== undefined) return refuse(world, entry, refusal);
  return take(world, entry, message);
}

/** The message is taken from here on, whatever the sender gets to hear. */
function take(world: World, entry: Entry, message: Message): Reply {
  const { kind, delayMs } = world.faults.after(entry.number.id);
  const id = wamidOf(message.waId, world.nextSerial());
  if (kind === 'error_after') {
    const error = graphError(131000, { details: 'Message failed to send due to an unknown error.' });
    world.ledger.take(entry, kind, error.code);
    return { ...replyOf(error), delayMs, id };
  }
  world.ledger.take(entry, kind ?? 'accepted');
  if (kind === 'drop_after') return { status: 0, body: undefined, delayMs, ok: false, id };
  if (kind === 'garbage') return { status: 200, body: GARBAGE, delayMs, ok: false, id };
  return { status: 200, body: acceptedBody(message, id), delayMs, ok: true, id };
}

function judgeCaller(
  number: PhoneNumber,
  unknownId: string | undefined,
  authorization: string | undefined,
): GraphError | undefined {
  const token = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length).trim() : '';
  const expected = number.rules.token;
  if (token === '' || (expected !== undefined && token !== expected)) return tokenError();
  if (unknownId !== undefined) return unknownObject(unknownId);
  return number.rules.registered
    ? undefined
    : graphError(133010, {
        details: 'The phone number is not registered on the WhatsApp Business Platform.',
      });
}

function refuse(world: World, entry: Entry, error: GraphError): Reply {
  world.ledger.refuse(entry, error.code);
  return replyOf(error);
}

function replyOf(error: GraphError): Reply {
  const reply: Reply = { status: error.status, body: envelope(error), delayMs: 0, ok: false };
  if (error.retryAfterS !== undefined) reply.retryAfterS = error.retryAfterS;
  return reply;
}

function faultError(code = 131000, status?: number): GraphError {
  return graphError(code, {
    details: 'Injected by the sandbox.',
    ...(status === undefined ? {} : { status }),
  });
}

/** `to` holds digits, `+ - ( )` and spaces only, so it needs no escaping. */
function acceptedBody(message: Message, id: string): string {
  const contact = `{"input":"${message.to}","wa_id":"${message.waId}"}`;
  // Meta's reference gives `message_status` for templates only.
  const status = message.template === undefined ? '' : ',"message_status":"accepted"';
  return `{"messaging_product":"whatsapp","contacts":[${contact}],"messages":[{"id":"${id}"${status}}]}`;
}

function latencyOf(world: World, number: PhoneNumber): number {
  const { min, max }: Latency = number.rules.latency_ms ?? world.settings.default_latency_ms;
  return max === 0 ? 0 : min + world.random() * (max - min);
}
