// Hostile bodies, fifty at a time, at a real API process: each is answered as specified, the loop goes on, and memory stays bounded. Then 500
// clients that send a byte now and then, beside others that are served as if these were not there.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { API_KEY } from '../support/client.ts';
import { seededRandom } from '../support/dice.ts';
import { type ApiProgram, openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const TOGETHER = 50;
const ROUNDS = 3;
const MAX_BYTES = 5 * 1024 * 1024;
const LARGE_BYTES = 128 * 1024;
const LOOP_P99_MS = 200;
const MEMORY_MAX_MB = 700;
const SLOW_CLIENTS = 500;
const GOOD_PER_SECOND = 50;
const GOOD_SECONDS = 4;
const GOOD_P99_MS = 500;

let stage: Stage;
let api: ApiProgram;
beforeAll(async () => {
  stage = await openStage();
  api = await stage.serve(['api']);
});
afterAll(() => stage?.close());

interface Hostile {
  name: string;
  body: Buffer;
  type?: string;
  encoding?: string;
  /** To the plan in the place of the job. */
  plan?: true;
  status: number;
}

const good = (extra = ''): string =>
  `{"sender":"s1","text":{"body":"x"},"messages":[{"to":"+16505551234"}]${extra}}`;
const padded = (bytes: number): Buffer => Buffer.from(good().padEnd(bytes, ' '));
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const hostile = (
  name: string,
  body: string | Buffer,
  status = 400,
  more: Partial<Hostile> = {},
): Hostile => ({
  name,
  body: Buffer.from(body),
  status,
  ...more,
});

const TYPES: [string, number][] = [
  ...[
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ].map((type): [string, number] => [type, 202]),
  ...[
    ...[
      'text/plain',
      'text/json',
      'application/jsonx',
      'application/json2',
      'application/x-json',
      'application/ld+json',
    ],
    ...[
      'application/problem+json',
      'application/vnd.api+json',
      'application/json-seq',
      'application/json-patch+json',
    ],
    ...[
      'application',
      'json',
      '/json',
      'application/',
      '*/*',
      'application/*',
      'text/html',
      'text/csv',
      'text/xml',
    ],
    ...[
      'application/xml',
      'application/octet-stream',
      'application/x-www-form-urlencoded',
      'application/javascript',
    ],
    ...[
      'multipart/form-data',
      'multipart/form-data; boundary=x',
      'application/x-ndjson',
      'application/cbor',
      'image/png',
    ],
    ...[
      'application/json; charset=utf-16',
      'application/json; charset=latin1',
      'application/json, text/plain',
    ],
    ...[
      'application/json\ttext/plain',
      'text/plain; application/json',
      'application/json+x',
      'application /json',
      'null',
    ],
  ].map((type): [string, number] => [type, 415]),
];

const bodies: Hostile[] = [
  hostile('5 MiB', padded(MAX_BYTES), 202),
  hostile('5 MiB less one', padded(MAX_BYTES - 1), 202),
  hostile('5 MiB and one', padded(MAX_BYTES + 1), 413),
  hostile('a bomb of 100 MB', gzipSync(Buffer.alloc(100 * 1024 * 1024, ' ')), 413, { encoding: 'gzip' }),
  hostile('no gzip', good(), 400, { encoding: 'gzip' }),
  hostile('an encoding of nobody', good(), 415, { encoding: 'zstd' }),
  hostile('100,000 deep', deep(100_000)),
  hostile('100,000 deep in metadata', good(`,"metadata":{"a":${deep(100_000)}}`)),
  hostile('2,000,000 deep', deep(2_000_000)),
  hostile('objects 100,000 deep', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
  hostile('1,000,000 messages', `{"sender":"s1","messages":[${'{},'.repeat(999_999)}{}]}`),
  hostile('1,000,000 numbers', `{"sender":"s1","messages":[${'1,'.repeat(999_999)}1]}`),
  hostile('300,000 unknown fields', `{${Array.from({ length: 300_000 }, (_, i) => `"a${i}":1`).join()}}`),
  hostile('a field twice: the last counts', good(',"sender":"s1"'), 202),
  hostile('a field twice: the last counts, and is nobody', good(',"sender":"nobody"'), 422),
  hostile('__proto__', good(',"__proto__":{"sender":"s1"}')),
  hostile('__proto__ in metadata', good(',"metadata":{"__proto__":{"polluted":true}}')),
  hostile('__proto__ in escapes', good(',"metadata":{"\\u005f_proto__":{"polluted":true}}')),
  hostile(
    '__proto__ in a message',
    '{"sender":"s1","messages":[{"to":"+16505551234","__proto__":{"to":"x"}}]}',
  ),
  hostile('constructor', good(',"constructor":{"prototype":{"polluted":true}}')),
  hostile('half a pair', '{"sender":"s1","text":{"body":"\\ud800"},"messages":[{"to":"+16505551234"}]}'),
  hostile(
    'a pair the wrong way round',
    '{"sender":"s1","text":{"body":"\\udc00\\ud800"},"messages":[{"to":"+16505551234"}]}',
  ),
  hostile(
    'a whole pair',
    '{"sender":"s1","text":{"body":"\\ud83d\\ude00"},"messages":[{"to":"+16505551234"}]}',
    202,
  ),
  hostile('half a pair in bytes', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])),
  hostile('no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
  hostile('a mark of byte order', `\uFEFF${good()}`),
  ...['', 'null', '[]', '"text"', '1', '1e999', '{', '{"a":}', "{'a':1}", '{"a":NaN}', 'undefined'].map(
    (text) => hostile(`not an object: ${text}`, text),
  ),
  hostile('a number of 1,000,000 digits', good(`,"metadata":${'9'.repeat(1_000_000)}`)),
  hostile(
    'a text of 4 MB',
    `{"sender":"s1","text":{"body":"${'x'.repeat(4_000_000)}"},"messages":[{"to":"+16505551234"}]}`,
  ),
  hostile('a key of 1 MB', `{"${'k'.repeat(1_000_000)}":1}`),
  ...TYPES.map(([type, status]) => hostile(`content-type ${type}`, good(), status, { type })),
];

async function send({ body, type = 'application/json', encoding, plan }: Hostile): Promise<number> {
  const answer = await fetch(api.url + (plan ? '/v1/jobs/plan' : '/v1/messages/bulk'), {
    method: 'POST',
    body: new Uint8Array(body),
    headers: {
      authorization: `Bearer ${API_KEY}`,
      'content-type': type,
      ...(encoding ? { 'content-encoding': encoding } : {}),
    },
  });
  await answer.text();
  return answer.status;
}

/** The most memory that the process has had, MB; the worst and the 99th percentile of its loop's delay since it was last asked, ms. */
async function health(): Promise<{ memoryMb: number; loopP99Ms: number }> {
  const metrics = await (await fetch(`${api.url}/metrics`)).text();
  const lag = /nodejs_eventloop_lag_p99_seconds ([\d.e-]+)/.exec(metrics)?.[1];
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${api.program.pid}/status`, 'utf8'))?.[1];
  return { memoryMb: Number(peak) / 1_024, loopP99Ms: Number(lag) * 1_000 };
}

test('fifty hostile bodies at a time are answered as specified', async () => {
  const random = seededRandom(50);
  const plans = bodies
    .filter(({ body }) => body.length >= LARGE_BYTES)
    .map((one) => ({ ...one, plan: true as const, status: one.status === 202 ? 200 : one.status }));
  const all = [...Array.from({ length: ROUNDS }, () => bodies), plans]
    .flat()
    .map((one) => ({ one, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
  await health();
  const wrong: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < all.length; i = next++) {
      const one = all[i] as Hostile;
      // Past the budget of all bodies together it is 503, and is sent again.
      const status = await until(async () => [await send(one)].find((got) => got !== 503), {
        what: one.name,
      });
      if (status !== one.status) wrong.push(`${one.name}: ${status}, should be ${one.status}`);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
  const { memoryMb, loopP99Ms } = await health();
  console.info(
    `${all.length} bodies: loop p99 ${loopP99Ms.toFixed(0)} ms, memory ${memoryMb.toFixed(0)} MB at most`,
  );
  expect(wrong).toEqual([]);
  expect(loopP99Ms).toBeLessThanOrEqual(LOOP_P99_MS);
  expect(memoryMb).toBeLessThanOrEqual(MEMORY_MAX_MB);
});

test('500 slow clients are no burden for the others, and are sent away in time', async () => {
  const { hostname, port } = new URL(api.url);
  const head = `POST /v1/messages/bulk HTTP/1.1\r\nhost: x\r\nx-api-key: ${API_KEY}\r\ncontent-type: application/json\r\ncontent-length: 5000000\r\n\r\n{`;
  const slow = Array.from({ length: SLOW_CLIENTS }, (_, i): Socket => {
    const socket = connect(Number(port), hostname);
    // Half of them never end their headers, the others never end their body.
    socket.on('error', () => {}).write(i % 2 === 0 ? head : head.slice(0, 30));
    return socket;
  });
  const drip = (): void => {
    for (const socket of slow) if (socket.writable) socket.write(' ');
  };
  const times: number[] = [];
  const failed: number[] = [];
  const ask = async (i: number): Promise<void> => {
    const from = performance.now();
    const answer = await fetch(`${api.url}/v1/jobs?limit=5`, {
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    await answer.text();
    if (answer.status !== 200) failed.push(answer.status);
    times.push(performance.now() - from);
    if (i % GOOD_PER_SECOND === 0) drip();
  };
  const begin = performance.now();
  const asked: Promise<void>[] = [];
  await until(
    () => {
      while (asked.length < ((performance.now() - begin) / 1_000) * GOOD_PER_SECOND)
        asked.push(ask(asked.length));
      return asked.length >= GOOD_PER_SECOND * GOOD_SECONDS;
    },
    { what: 'the good requests', timeoutMs: 30_000 },
  );
  await Promise.all(asked);
  const p99 = times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
  console.info(`beside ${SLOW_CLIENTS} slow clients: ${times.length} requests, p99 ${p99.toFixed(0)} ms`);
  expect(failed).toEqual([]);
  expect(p99).toBeLessThanOrEqual(GOOD_P99_MS);
  // Headers that do not end are cut off first, after 10 seconds.
  await until(() => slow.filter((socket) => socket.readyState !== 'open').length >= SLOW_CLIENTS / 2, {
    what: 'those without headers are gone',
    timeoutMs: 20_000,
  });
  for (const socket of slow) socket.destroy();
});
