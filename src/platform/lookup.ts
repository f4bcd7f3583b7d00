/** Host names to addresses, by the resolver of the host's C library: /etc/hosts, then the name servers. */
import { textOf } from './fs.ts';
import { call } from './host.ts';
import { isIP } from './ip.ts';

export interface LookupAddress {
  readonly address: string;
  readonly family: number;
}

export interface LookupOptions {
  readonly all?: boolean;
  readonly family?: number;
}

export type LookupFunction = (
  name: string,
  options: LookupOptions,
  done: (error: Error | null, found: string | readonly LookupAddress[], family?: number) => void,
) => void;

async function resolved(name: string, family: number): Promise<LookupAddress[]> {
  const lines = textOf(await call('lookup', name)).split('\n');
  return lines
    .filter((line) => line !== '')
    .map((address) => ({ address, family: isIP(address) }))
    .filter((one) => family === 0 || one.family === family);
}

export const lookup: LookupFunction = (name, { all = false, family = 0 }, done) => {
  resolved(name, family).then(
    (found) => {
      const [first] = found;
      if (!first) {
        const error = Object.assign(new Error(`ENOTFOUND: no such host, lookup '${name}'`), {
          code: 'ENOTFOUND',
        });
        return done(error, '');
      }
      if (all) done(null, found);
      else done(null, first.address, first.family);
    },
    (error) => done(error, ''),
  );
};

/** All addresses of a name, by `find`. */
export function addressesOf(
  name: string,
  family = 0,
  find: LookupFunction = lookup,
): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    find(name, { family, all: true }, (error, found) => {
      if (error) reject(error);
      else resolve(typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found);
    });
  });
}
