/** What goes inside the executable as data: the bytecode of the modules, the licenses, a site. */
import { deflateRawSync } from 'node:zlib';

export interface Asset {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The source of a C file that has the assets, deflated each by itself, so that each can be unpacked when it is used. */
export function assetsSource(assets: readonly Asset[]): string {
  const packed = assets.map(({ bytes }) => deflateRawSync(bytes, { level: 9, memLevel: 9 }));
  let offset = 0;
  const rows = assets.map(({ name, bytes }, index) => {
    const length = packed[index]?.length ?? 0;
    const row = `  {"${name}", asset_data + ${offset}, ${length}, ${bytes.length}},\n`;
    offset += length;
    return row;
  });
  return `/* Generated. */
#include "host.h"
const uint8_t asset_data[] =
${literalOf(Buffer.concat(packed))};
const size_t asset_bytes = ${offset};
const Asset assets[] = {
${rows.join('')}};
const size_t asset_count = ${assets.length};
`;
}

const LINE_BYTES = 64;

/** Strings, because compilers read them much faster than lists of numbers. All escapes have three digits. */
function literalOf(bytes: Uint8Array): string {
  const lines: string[] = bytes.length === 0 ? ['""'] : [];
  for (let start = 0; start < bytes.length; start += LINE_BYTES) {
    const escapes = Array.from(
      bytes.subarray(start, start + LINE_BYTES),
      (byte) => `\\${byte.toString(8).padStart(3, '0')}`,
    );
    lines.push(`"${escapes.join('')}"`);
  }
  return lines.join('\n');
}
