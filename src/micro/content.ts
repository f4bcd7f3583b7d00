/**
 * What profiles `full` and `site` respond with, before there is a program: files become responses, paths numbers.
 *
 * A response has a number, and four variants, of which those that are missing are empty:
 *
 *   0   the content as it is
 *   1   the content packed, for clients that take gzip
 *   2   that the client has it already
 *   3   always empty: for clients that take gzip and have it already
 *
 * The program falls back from an empty variant to the one before it.
 */
import { createHash } from 'node:crypto';
import { deflate, GZIP_HEADER, MAX_PACKED_BYTES, pack } from './pack.ts';
import { fileHead, METHOD_REFUSED, NOT_FOUND, notModified, redirect } from './responses.ts';
import { FACTOR } from './word-hashes.ts';

export interface TypedContent {
  readonly content: Uint8Array;
  readonly contentType: string;
}

export interface SiteFile extends TypedContent {
  /** Where it is below the root: its folders, and its name. */
  readonly segments: readonly string[];
}

/** More belongs to a server that reads its files: looking for a path takes time for each. */
export const MAX_FILES = 1000;
/** A server keeps all of it in memory, unpacked. */
export const MAX_CONTENT_BYTES = 64 * 1024 * 1024;
/** The response to an unknown path; the one before it is that to unknown methods. */
export const MISSING = 1;
/** How many variants a response has. */
export const VARIANTS = 4;
const INDEX = 'index.html';
/** In the root: the response to an unknown path. It has no path of its own. */
const MISSING_PAGE = '404.html';
const TAG_DIGITS = 8;
/** What one byte can say. */
const MAX_TEXT_BYTES = 255;
/** Instead of a length: what is stored here is to be unpacked, and will be needed once more. */
const UNPACK = 0x80000000;

/** A site that this profile cannot hold; the message is for the user. */
export class SiteError extends Error {
  override readonly name = 'SiteError';
}

export interface Content {
  /**
   * The list of all variants, packed: for each one the length of its text in one byte, the text, and in four bytes
   * how much of what is stored follows on it.
   */
  readonly packedList: Uint8Array;
  readonly listBytes: number;
  readonly responses: number;
  /** Of all variants. */
  readonly responseBytes: number;
  /** The files: packed ones without the header of gzip, others as they are. */
  readonly stored: readonly Uint8Array[];
  readonly paths: readonly Path[];
  /** The entity tags of the responses behind `MISSING`. */
  readonly tags: readonly string[];
}

interface Path {
  /** As it stands in requests. */
  readonly text: string;
  /** The number of its response. */
  readonly response: number;
}

interface Variant {
  readonly text: Uint8Array;
  /** How much of what is stored follows, or `UNPACK`. */
  readonly body: number;
  readonly bytes: number;
}

interface PreparedResponse {
  readonly names: readonly string[];
  readonly tag?: string;
  readonly variants: readonly Variant[];
  readonly stored?: Uint8Array;
}

export function contentOfPage(page: TypedContent): Content {
  if (page.content.length > MAX_CONTENT_BYTES) throw new SiteError(tooLarge(page.content.length));
  return contentWith(only(NOT_FOUND), [fileResponse(page, ['/'])]);
}

/** @throws SiteError */
export function contentOfSite(files: readonly SiteFile[]): Content {
  checkSize(files);
  const page = files.find(isMissingPage);
  const served = files.filter((file) => file !== page).toSorted(byTypeAndPath);
  return contentWith(page ? missingResponse(page) : only(NOT_FOUND), [
    ...served.map((file) => fileResponse(file, namesOf(file.segments))),
    ...served.flatMap(({ segments }) => redirectTo(segments)),
  ]);
}

function contentWith(missing: PreparedResponse, found: readonly PreparedResponse[]): Content {
  const responses = [only(METHOD_REFUSED), missing, ...found];
  const paths = responses.flatMap(({ names }, response) => names.map((text) => ({ text, response })));
  checkPaths(paths);
  const variants = responses.flatMap((response) => fourOf(response));
  const list = listOf(variants);
  return {
    packedList: Buffer.from(deflate(list)),
    listBytes: list.length,
    responses: responses.length,
    responseBytes: variants.reduce((sum, { bytes }) => sum + bytes, 0),
    stored: responses.flatMap(({ stored }) => stored ?? []),
    paths,
    tags: responses.flatMap(({ tag }) => tag ?? []),
  };
}

function checkSize(files: readonly SiteFile[]): void {
  if (files.length === 0) throw new SiteError('no file to serve');
  if (files.length > MAX_FILES) throw new SiteError(`${files.length} files; at most ${MAX_FILES} fit`);
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  if (bytes > MAX_CONTENT_BYTES) throw new SiteError(tooLarge(bytes));
}

function tooLarge(bytes: number): string {
  return `${bytes} bytes of content; at most ${MAX_CONTENT_BYTES} fit`;
}

function isMissingPage({ segments }: SiteFile): boolean {
  return segments.length === 1 && segments[0] === MISSING_PAGE;
}

/** What is alike stands together, which packs better; and the order is the same everywhere. */
function byTypeAndPath(a: SiteFile, b: SiteFile): number {
  const [left = '', right = ''] = [a, b].map((file) => [file.contentType, ...file.segments].join('\0'));
  return Number(left > right) - Number(left < right);
}

/** An index file is the response for its folder, too. */
function namesOf(segments: readonly string[]): string[] {
  const names = pathsOf(segments);
  if (segments.at(-1) !== INDEX) return names;
  return [...names, ...names.map((name) => name.slice(0, -INDEX.length))];
}

/** The path as browsers write it, and, if that is another one, with everything encoded that may be. */
function pathsOf(segments: readonly string[]): string[] {
  const path = (encode: (segment: string) => string) => `/${segments.map(encode).join('/')}`;
  return [...new Set([path(asBrowsersDo), path(encodeURIComponent)])];
}

/** Characters that would end a segment, or not be part of it, browsers only know encoded. */
function asBrowsersDo(segment: string): string {
  const whole = segment.replaceAll(/[\0-\x20%?#\\]/g, encodeURIComponent);
  return new URL(`http://localhost/${whole}`).pathname.slice(1);
}

/** Files must not be taken for each other. */
function checkPaths(paths: readonly Path[]): void {
  const known = new Map<number, string>();
  for (const { text } of paths) {
    const hash = hashOfPath(text);
    const other = known.get(hash);
    if (other !== undefined)
      throw new SiteError(`${other} and ${text} have the same hash: rename one of them`);
    known.set(hash, text);
  }
}

/** The hash before the first byte of a path. */
export const PATH_START = 0x60;

/**
 * The 32 bits by which a path is recognised. Letters count as they are, unlike in words (`word-hashes.ts`). Paths of one
 * length that differ in no more than four characters next to each other never have the same; of others, one in
 * four billion is taken for this one.
 */
export function hashOfPath(text: string): number {
  const hash = Buffer.from(text, 'latin1').reduce((sum, byte) => Math.imul(sum, FACTOR) + byte, PATH_START);
  // The program has multiplied already when it sees that the path has ended.
  return Math.imul(hash, FACTOR) >>> 0;
}

function only(text: string): PreparedResponse {
  return { names: [], variants: [textOnly(text)] };
}

/** What does not fit into the list is stored as if it were content. */
function anyLength(text: string): Pick<PreparedResponse, 'variants' | 'stored'> {
  const all = Buffer.from(text, 'latin1');
  const [start, rest] = [all.subarray(0, MAX_TEXT_BYTES), all.subarray(MAX_TEXT_BYTES)];
  const variants = [variant(start, rest.length, rest.length)];
  return rest.length === 0 ? { variants } : { variants, stored: rest };
}

function textOnly(text: string): Variant {
  return { text: Buffer.from(text, 'latin1'), body: 0, bytes: text.length };
}

/** From the path of a folder without its slash to the one with it. */
function redirectTo(segments: readonly string[]): PreparedResponse[] {
  if (segments.length === 1 || segments.at(-1) !== INDEX) return [];
  const names = pathsOf(segments.slice(0, -1));
  return [{ names, ...anyLength(redirect(`${names[0]}/`)) }];
}

function fileResponse(file: TypedContent, names: readonly string[]): PreparedResponse {
  const tag = createHash('sha256').update(file.content).digest('hex').slice(0, TAG_DIGITS);
  const { identity, gzip, stored } = bodiesOf(file, tag);
  const same = textOnly(notModified(tag, gzip ? 'identity' : 'only'));
  return { names, tag, variants: [identity, gzip ?? textOnly(''), same], stored };
}

/** Who sends If-None-Match: * for it gets it without the page; an empty variant would fall back to gzip. */
function missingResponse(page: TypedContent): PreparedResponse {
  const { identity, gzip, stored } = bodiesOf(page, undefined);
  return { names: [], variants: [identity, gzip ?? textOnly(''), textOnly(NOT_FOUND)], stored };
}

/** The responses with the content. It is only packed where that makes it smaller. */
function bodiesOf({ content, contentType }: TypedContent, tag: string | undefined) {
  const packed = content.length <= MAX_PACKED_BYTES ? pack(content) : content;
  const head = (bytes: number, coding: 'only' | 'gzip' | 'identity') =>
    Buffer.from(fileHead({ contentType, tag, bytes, coding }), 'latin1');
  if (packed.length >= content.length) {
    return {
      identity: variant(head(content.length, 'only'), content.length, content.length),
      stored: content,
    };
  }
  const stored = packed.subarray(GZIP_HEADER.length);
  return {
    identity: variant(head(content.length, 'identity'), UNPACK, content.length),
    gzip: variant(Buffer.concat([head(packed.length, 'gzip'), GZIP_HEADER]), stored.length, stored.length),
    stored,
  };
}

function variant(text: Uint8Array, body: number, bodyBytes: number): Variant {
  if (text.length > MAX_TEXT_BYTES) throw new SiteError(`a head of ${text.length} bytes is too long`);
  return { text, body, bytes: text.length + bodyBytes };
}

function fourOf({ variants }: PreparedResponse): Variant[] {
  return Array.from({ length: VARIANTS }, (_, index) => variants[index] ?? textOnly(''));
}

/** With one more, so that the last one has an end. */
function listOf(variants: readonly Variant[]): Buffer {
  const entries = [...variants, textOnly('')].map(({ text, body }) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body);
    return Buffer.concat([Buffer.from([text.length]), text, length]);
  });
  return Buffer.concat(entries);
}
