/**
 * ICU's data inside a Node: one package of files, which ICU finds by name in a table of contents and reads in place.
 * Field names follow ICU's `ucmndata.h` (`DataHeader`, `UDataOffsetTOC`) and `uresdata.h`. Pure.
 */
import { SealError } from './elf-file.ts';

export interface IcuItem {
  /** Without the name of the package: `en.res`, `coll/root.res`. */
  readonly name: string;
  readonly bytes: Buffer;
}

export interface IcuPackage {
  /** Where it begins in the bytes that it was found in. */
  readonly offset: number;
  readonly size: number;
  /** `DataHeader`, with the copyright that follows it. */
  readonly header: Buffer;
  /** What all names begin with, such as `icudt78l/`. */
  readonly prefix: string;
  /** In the order of their names, and of their places. */
  readonly items: readonly IcuItem[];
}

/**
 * `DataHeader` from its magic number on: `UDataInfo` has 20 bytes; little-endian, ASCII, two bytes a `UChar`; a common
 * data package (`ucmndata.h`).
 */
const SIGNATURE = Buffer.concat([
  Buffer.from([0xda, 0x27, 20, 0, 0, 0, 0, 0, 2, 0]),
  Buffer.from('CmnD', 'latin1'),
]);
const MAGIC = { at: 2, value: 0x27da } as const;
const FORMAT_VERSION_AT = 16;
const KNOWN_FORMAT_VERSION = 1;
/** A count; then for each item the offsets of its name and its bytes, from the count on, of four bytes each. */
const TOC = { count: 4, entry: 8 } as const;
/** Every item begins at such a multiple from the table of contents on. */
const ITEM_ALIGNMENT_BYTES = 16;
/** `indexes[URES_INDEX_BUNDLE_TOP]`, after the header of a resource bundle: how many words it has. */
const BUNDLE_TOP_AT = 16;
/** `DataHeader`, padded. */
const MIN_ITEM_BYTES = 32;
/** More than any ICU has; a damaged count must not take all memory. */
const MAX_ITEMS = 100_000;
const MAX_NAME_BYTES = 256;

/** The only package in `bytes`, or `undefined` if there is none. @throws SealError for one in another form */
export function findIcuPackage(bytes: Buffer): IcuPackage | undefined {
  const at = bytes.indexOf(SIGNATURE);
  if (at < 0) return undefined;
  if (bytes.indexOf(SIGNATURE, at + 1) >= 0) throw unknownForm('there are two packages');
  return readPackage(bytes, at - MAGIC.at);
}

function readPackage(bytes: Buffer, offset: number): IcuPackage {
  const version = bytes[offset + FORMAT_VERSION_AT];
  if (version !== KNOWN_FORMAT_VERSION) throw unknownForm(`it has format ${version}`);
  const headerSize = offset < 0 ? 0 : bytes.readUInt16LE(offset);
  const toc = bytes.subarray(offset + headerSize);
  if (headerSize === 0 || toc.length < TOC.count) throw unknownForm('it is cut off');
  const places = readPlaces(toc);
  const prefix = /^icudt\d+l\//.exec(places[0]?.name ?? '')?.[0];
  if (prefix === undefined) throw unknownForm(`its first file is ${JSON.stringify(places[0]?.name)}`);
  let end = 0;
  const items = places.map(({ name, start }, index) => {
    end = places[index + 1]?.start ?? start + aligned(bundleSize(toc, start));
    if (!name.startsWith(prefix) || !isItem(toc, start, end)) throw unknownForm(`${name} is damaged`);
    return { name: name.slice(prefix.length), bytes: toc.subarray(start, end) };
  });
  const header = bytes.subarray(offset, offset + headerSize);
  return { offset, size: headerSize + end, header, prefix, items };
}

function readPlaces(toc: Buffer): { readonly name: string; readonly start: number }[] {
  const count = toc.readUInt32LE(0);
  const tableEnd = TOC.count + count * TOC.entry;
  if (count === 0 || count > MAX_ITEMS || tableEnd > toc.length) throw unknownForm(`it has ${count} files`);
  const places = Array.from({ length: count }, (_, index) => {
    const at = TOC.count + index * TOC.entry;
    const nameAt = toc.readUInt32LE(at);
    const window = toc.subarray(nameAt, nameAt + MAX_NAME_BYTES);
    return { name: window.toString('latin1', 0, window.indexOf(0)), start: toc.readUInt32LE(at + 4) };
  });
  // ICU searches by halves, and takes the beginning of the next item for the end of one.
  const unsorted = places.findIndex((place, index) => {
    const next = places[index + 1];
    return next !== undefined && (place.name >= next.name || place.start >= next.start);
  });
  if (unsorted >= 0) throw unknownForm(`${places[unsorted]?.name} is out of order`);
  if ((places[0]?.start ?? 0) < tableEnd) throw unknownForm('its files overlap its table of contents');
  return places;
}

/** The table does not say where the last item ends; the last one is a resource bundle, and says so itself. */
function bundleSize(toc: Buffer, start: number): number {
  if (!isItem(toc, start, toc.length)) throw unknownForm('its last file is damaged');
  const headerSize = toc.readUInt16LE(start);
  const topAt = start + headerSize + BUNDLE_TOP_AT;
  if (toc.toString('latin1', start + 12, start + 16) !== 'ResB' || topAt + 4 > toc.length) {
    throw unknownForm('its last file is no resource bundle');
  }
  return headerSize + toc.readUInt32LE(topAt) * 4;
}

/** Each item has a `DataHeader` of its own. */
function isItem(toc: Buffer, start: number, end: number): boolean {
  return (
    start % ITEM_ALIGNMENT_BYTES === 0 &&
    end - start >= MIN_ITEM_BYTES &&
    end <= toc.length &&
    toc.readUInt16LE(start + MAGIC.at) === MAGIC.value
  );
}

function unknownForm(what: string): SealError {
  return new SealError(`the ICU data of this Node has an unknown form: ${what}; --keep-icu keeps it whole`);
}

/** The same package with fewer items. */
export function packIcu({ header, prefix }: IcuPackage, items: readonly IcuItem[]): Buffer {
  const names = items.map(({ name }) => Buffer.from(`${prefix}${name}\0`, 'latin1'));
  const namesAt = TOC.count + items.length * TOC.entry;
  const table = Buffer.alloc(namesAt);
  table.writeUInt32LE(items.length, 0);
  const namesEnd = names.reduce((end, { length }) => end + length, namesAt);
  let nameAt = namesAt;
  let start = aligned(namesEnd);
  const padding = Buffer.alloc(start - namesEnd);
  const contents: Buffer[] = [];
  for (const [index, { bytes }] of items.entries()) {
    table.writeUInt32LE(nameAt, TOC.count + index * TOC.entry);
    table.writeUInt32LE(start, TOC.count + index * TOC.entry + 4);
    nameAt += names[index]?.length ?? 0;
    start += aligned(bytes.length);
    contents.push(bytes, Buffer.alloc(aligned(bytes.length) - bytes.length));
  }
  return Buffer.concat([header, table, ...names, padding, ...contents]);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ITEM_ALIGNMENT_BYTES) * ITEM_ALIGNMENT_BYTES;
}
