// Which addresses may be called when a customer names the host: those of the public internet. Everything else would let a customer reach
// machines of ours: this one, its network, a cloud's metadata. IPv4 by what is reserved; IPv6 by what is given out, because whatever else may
// come is reserved, and many of its spellings hide an IPv4 address.
import { promises as dns } from 'node:dns';
import { BlockList, isIP, isIPv4 } from 'node:net';

/** Reserved networks (RFC 6890 and its registry), and one address that a large cloud answers on. */
const RESERVED_V4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** The only part of IPv6 that is given out to networks … */
const GIVEN_OUT_V6: [string, number] = ['2000::', 3];
/** … without what is reserved within it: protocols and tunnels (Teredo, 6to4), documentation. */
const RESERVED_V6: [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
];

const reserved = new BlockList();
for (const [network, bits] of RESERVED_V4) reserved.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of RESERVED_V6) reserved.addSubnet(network, bits, 'ipv6');
const givenOut = new BlockList();
givenOut.addSubnet(...GIVEN_OUT_V6, 'ipv6');

/** Whether an address (no name, no brackets) is of the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  if (family === 4) return !reserved.check(address, 'ipv4');
  return givenOut.check(address, 'ipv6') && !reserved.check(address, 'ipv6');
}

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<string[]>;

const ASK_MS = 3_000;

/** Asks name servers and not this machine's own list of hosts, and never waits in the pool of threads that all look-ups share. */
export const resolvePublic: Resolve = async (name) => {
  const resolver = new dns.Resolver({ timeout: ASK_MS, tries: 2 });
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
};

/** The address to connect to; undefined when the name has none, or any that is not public: whoever mixes them means no good. */
export async function publicAddressOf(host: string, resolve: Resolve): Promise<string | undefined> {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return isPublicAddress(bare) ? bare : undefined;
  const addresses = await resolve(bare);
  if (!addresses.every(isPublicAddress)) return undefined;
  // IPv4 first: it is the one that every network has.
  return addresses.find((address) => isIPv4(address)) ?? addresses[0];
}
