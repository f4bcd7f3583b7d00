/** What a person at the terminal reads first: where to go with a browser, here and from other devices. */
import { networkInterfaces } from 'node:os';
import type { BoundAddress } from '../http/listen.ts';
import type { Look } from '../observe/look.ts';
import { paintOf } from '../observe/pretty.ts';
import { printable } from '../util/printable.ts';

/** More would push everything else off the screen. */
export const MAX_NETWORK_URLS = 4;

/** What is used of `NetworkInterfaceInfo`. Some versions of Node give the family as a number. */
interface InterfaceAddress {
  readonly address: string;
  readonly family: string | number;
  readonly internal: boolean;
}

export type Interfaces = Readonly<Record<string, readonly InterfaceAddress[] | undefined>>;

/** Bridges and pairs of containers and virtual machines: nobody else reaches their addresses. */
const virtualName = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|podman|lxdbr)/;
/** Without an interface beside them they lead nowhere; and 169.254 is what a machine has that got no address. */
const linkLocal = /^(169\.254\.|fe[89ab][0-9a-f]:)/i;

/** Where other devices reach a server that listens on every address, or on every one of IPv4. */
export function networkHosts(interfaces: Interfaces, boundHost: string): string[] {
  const addresses = Object.entries(interfaces)
    .filter(([name]) => !virtualName.test(name))
    .flatMap(([, list]) => list ?? [])
    .filter(({ internal, address }) => !internal && !linkLocal.test(address));
  const ofFamily = (version: 4 | 6) =>
    addresses
      .filter(({ family }) => family === version || family === `IPv${version}`)
      .map(({ address }) => address);
  const four = ofFamily(4);
  // Nobody types an address of IPv6 who has another.
  const hosts = four.length > 0 || boundHost !== '::' ? four : ofFamily(6).map((address) => `[${address}]`);
  return hosts.slice(0, MAX_NETWORK_URLS);
}

/** One socket, with the URL that the start line has for it. */
export interface Place {
  readonly url: string;
  readonly address: BoundAddress;
}

type Entry = readonly [label: 'Local' | 'Network', url: string];

/** The URLs of a server, those of this machine first. */
export function entriesOf(places: readonly Place[], interfaces: () => Interfaces): Entry[] {
  const entries = places.flatMap(({ url, address }): Entry[] => {
    if ('path' in address || isLoopback(address.host)) return [['Local', url]];
    if (!isWildcard(address.host)) return [['Network', url]];
    const hosts = networkHosts(interfaces(), address.host);
    return [
      ['Local', url],
      ...hosts.map((host): Entry => ['Network', url.replace('//localhost:', `//${host}:`)]),
    ];
  });
  return entries.sort(([one], [other]) => Number(one === 'Network') - Number(other === 'Network'));
}

function isWildcard(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

function isLoopback(host: string): boolean {
  return host === '::1' || /^(::ffff:)?127\./.test(host);
}

/** The text in place of the start line. It ends with a line break: a blank line is to follow. */
export function greet(
  name: string,
  places: readonly Place[],
  hints: readonly string[],
  { colors }: Look,
): string {
  const entries = entriesOf(places, interfacesHere);
  const paint = paintOf(colors);
  const urls = entries.map(([label, url]) => `  ${`${label}:`.padEnd(10)}${paint('cyan', printable(url))}\n`);
  const advice = hints.map((hint) => `  ${paint('yellow', 'Hint:'.padEnd(10))}${hint}\n`);
  return [`mote serves ${printable(name)}\n`, '\n', ...urls, ...advice].join('');
}

/** None where the system does not let this program ask, as Android. */
function interfacesHere(): Interfaces {
  try {
    return networkInterfaces();
  } catch {
    return {};
  }
}
