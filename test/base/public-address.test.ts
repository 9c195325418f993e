// No spelling of a private address is let through: not as a literal, not by a name, not by a name that changes its answer. The canaries are real
// sockets, and nobody ever connects to them.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { createHttpClient, type HttpClient, NOT_PUBLIC } from '../../src/base/http.ts';
import { isPublicAddress, type Resolve } from '../../src/base/public-address.ts';
import { addressProblem } from '../../src/subscribers/address.ts';

/** Hosts as a URL may spell them, all of them private, reserved or this very machine. */
const PRIVATE_HOSTS = [
  ...['127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '0', '0.0.0.0', '0.0.0.1', '0x7f.1', '0x7f000001'],
  ...[
    '2130706433',
    '017700000001',
    '0177.0.0.1',
    '0177.0x0.0.1',
    '127.0.0.1.',
    '0x7F.0x0.0x0.0x1',
    '①②⑦.0.0.1',
  ],
  ...[
    '127。0。0。1',
    '127.0.0.%31',
    '10.0.0.1',
    '10.255.255.255',
    '0xa.1',
    '012.1',
    '167772161',
    '172.16.0.1',
  ],
  ...[
    '172.31.255.255',
    '172.16.1',
    '192.168.0.1',
    '192.168.255.255',
    '192.168.257',
    '0xc0a80001',
    '3232235521',
  ],
  ...['169.254.169.254', '169.254.0.1', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.254.43518'],
  ...[
    '100.64.0.1',
    '100.127.255.255',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.1',
    '192.0.0.170',
    '192.0.2.1',
  ],
  ...[
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '192.88.99.1',
    '224.0.0.1',
    '239.255.255.255',
  ],
  ...['240.0.0.1', '255.255.255.255', '192.175.48.1', '192.31.196.1', '[::1]', '[::]', '[0:0:0:0:0:0:0:1]'],
  ...[
    '[0000:0000:0000:0000:0000:0000:0000:0001]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::FFFF:10.0.0.1]',
  ],
  ...[
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
  ],
  ...[
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::1]',
  ],
  ...[
    '[2002:7f00:1::]',
    '[2002:a9fe:a9fe::1]',
    '[2002:c0a8:1::]',
    '[2001::1]',
    '[2001:0:7f00:1::]',
    '[2001:db8::1]',
  ],
  ...[
    '[2001:10::1]',
    '[2001:20::1]',
    '[3fff::1]',
    '[fc00::1]',
    '[fd00::1]',
    '[fd00:ec2::254]',
    '[fdff:ffff::1]',
  ],
  ...['[fe80::1]', '[febf::1]', '[fec0::1]', '[ff02::1]', '[ff05::2]', '[100::1]', '[4000::1]', '[5f00::1]'],
  ...['[::ffff:8.8.8.8]', '[64:ff9b::8.8.8.8]', '[2620:4f:8000::1]'],
];
const NAMES = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'db',
  'redis',
  'api.localhost',
  'router.local',
  'x.internal',
];
const PUBLIC_ADDRESSES = ['8.8.8.8', '1.1.1.1', '93.184.216.34', '2606:4700:4700::1111', '2a00:1450:4001::1'];

let canary: Server;
let connections = 0;
let port = 0;
let http: HttpClient | undefined;
beforeEach(async () => {
  connections = 0;
  canary = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  canary.listen(0, '::');
  await once(canary, 'listening');
  port = (canary.address() as { port: number }).port;
});
afterEach(async () => {
  await http?.close();
  canary.close();
  await once(canary, 'close');
});

function clientWith(publicOnly: Resolve): HttpClient {
  http = createHttpClient({ clock, connectionsPerOrigin: 1, publicOnly });
  return http;
}

const call = (client: HttpClient, origin: string) =>
  client.call({
    origin,
    path: '/',
    method: 'POST',
    headers: [],
    body: '',
    mayWrite: () => true,
    deadlineMs: 2_000,
  });

const originOf = (host: string): string | undefined => {
  const text = `https://${host}:${port}`;
  return URL.canParse(text) ? new URL(text).origin : undefined;
};

test(`${PRIVATE_HOSTS.length} spellings of private targets: none is connected to, and none can be registered`, async () => {
  expect(PRIVATE_HOSTS.length).toBeGreaterThanOrEqual(80);
  const client = clientWith(async () => []);
  for (const host of PRIVATE_HOSTS) {
    expect(addressProblem(`https://${host}/hook`, false), host).toBeDefined();
    const origin = originOf(host);
    if (origin === undefined) continue;
    expect(await call(client, origin), host).toMatchObject({ kind: 'not_sent', detail: NOT_PUBLIC });
  }
  expect(connections).toBe(0);
});

test('names of this machine and its network cannot be registered, and a name with a private address is not connected to', async () => {
  for (const name of NAMES) expect(addressProblem(`https://${name}/hook`, false), name).toBeDefined();
  for (const answers of [['127.0.0.1'], ['::1'], ['8.8.8.8', '127.0.0.1'], ['::ffff:127.0.0.1'], []]) {
    const client = clientWith(async () => answers);
    const result = await call(client, `https://hook.example.com:${port}`);
    expect(result).toMatchObject({ kind: 'not_sent', detail: NOT_PUBLIC });
    await client.close();
  }
  expect(connections).toBe(0);
});

test('a name that changes its answer is asked once for each connection, and what was asked is what is connected to', async () => {
  let asked = 0;
  // Public to whoever looks first, private to whoever connects afterwards.
  const client = clientWith(async () => {
    asked += 1;
    return asked % 2 === 1 ? ['192.0.2.1'] : ['127.0.0.1'];
  });
  for (let i = 0; i < 20; i += 1)
    expect((await call(client, `https://rebind.example.com:${port}`)).kind).toBe('not_sent');
  expect(asked).toBe(20);
  expect(connections).toBe(0);
});

test('public addresses are let through; other schemes, ports and user names are not', () => {
  for (const address of PUBLIC_ADDRESSES) expect(isPublicAddress(address), address).toBe(true);
  for (const text of ['', 'nonsense', '127.0.0.1%eth0', 'fe80::1%1', '8.8.8.8:443', '[2606::1]'])
    expect(isPublicAddress(text), text).toBe(false);
  expect(addressProblem('https://example.com/hook', false)).toBeUndefined();
  expect(addressProblem('https://example.com:8443/hook?a=b', false)).toBeUndefined();
  for (const url of [
    'http://example.com/hook',
    'ftp://example.com/hook',
    'file:///etc/passwd',
    'https://example.com:22/',
    'https://user@example.com/',
    'https://user:word@example.com/',
    `https://example.com/${'x'.repeat(2_048)}`,
    'https://',
  ])
    expect(addressProblem(url, false), url).toBeDefined();
});
