/** What a file contains, by its name: the media type, and the coding in which its content is stored. Pure. */
import { type Coding, codings } from './encoding.ts';
import { contentType } from './mime.ts';

export interface MediaOptions {
  /** File extensions in lower case without the leading dot (`ts`, `data.gz`), and the type of such files. */
  readonly mediaTypes: readonly { readonly extension: string; readonly type: string }[];
  /** The `charset` of text; empty: none. */
  readonly charset: string;
}

export interface Medium {
  /** The value of `Content-Type`. */
  readonly type: string;
  /** The value of `Content-Encoding`, for every client: no other form exists under this name. */
  readonly coding: Coding | 'identity';
}

/**
 * Files that a page loads and cannot decompress itself: scripts, styles, WebAssembly, SVG, and the data and symbols
 * of Unity. Every other file that ends in `.gz`, `.br` or `.zst` is a download, which must arrive unchanged:
 * archives, indexes of apt, tables, and JSON that scripts decompress.
 */
const STORED = /^(.+\.(?:js|mjs|css|wasm|svg|data|symbols\.json))(\.(?:gz|br|zst))$/i;
const CODINGS: Readonly<Record<string, Coding>> = Object.fromEntries(
  codings.map(({ coding, suffix }) => [suffix, coding]),
);
/** SVG 2, appendix on MIME type: compressed files are sent with `Content-Encoding: gzip`. */
const PACKED_SVG = /.\.svgz$/i;

const UTF8 = '; charset=utf-8';
const TEXT = /^text\//;
const CHARSET = /;[ \t]*charset=/i;

/** A function from the name of a file, without its folder, to its content's type and coding. */
export function mediaReader({ mediaTypes, charset }: MediaOptions): (fileName: string) => Medium {
  const own = new Map(mediaTypes.map(({ extension, type }) => [extension, type]));
  const typeOf = (fileName: string): string => {
    const type = ownType(own, fileName);
    return type === undefined ? inCharset(contentType(fileName), charset) : withCharset(type, charset);
  };
  return (fileName) => {
    // A configured type says that such files are what their name says, and not a coded form of another file.
    const stored = ownType(own, fileName) === undefined ? storedForm(fileName) : undefined;
    return stored
      ? { type: typeOf(stored.inner), coding: stored.coding }
      : { type: typeOf(fileName), coding: 'identity' };
  };
}

/** The coding in which the file is stored, and the name that tells the type of the decoded content. */
function storedForm(fileName: string): { inner: string; coding: Coding } | undefined {
  if (PACKED_SVG.test(fileName)) return { inner: fileName, coding: 'gzip' };
  const [, inner, suffix = ''] = STORED.exec(fileName) ?? [];
  const coding = CODINGS[suffix.toLowerCase()];
  return inner !== undefined && coding ? { inner, coding } : undefined;
}

/** The configured type for the longest extension of the name that has one. */
function ownType(own: ReadonlyMap<string, string>, fileName: string): string | undefined {
  if (own.size === 0) return undefined;
  const name = fileName.toLowerCase();
  // A leading dot hides a file; it does not begin an extension.
  for (let dot = name.indexOf('.', 1); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const type = own.get(name.slice(dot + 1));
    if (type !== undefined) return type;
  }
  return undefined;
}

/** Types from the registry say UTF-8. Text may have another encoding; JSON cannot (RFC 8259 §8.1). */
function inCharset(type: string, charset: string): string {
  if (charset !== '' && !TEXT.test(type)) return type;
  return type.endsWith(UTF8) ? withCharset(type.slice(0, -UTF8.length), charset) : type;
}

function withCharset(type: string, charset: string): string {
  return charset !== '' && TEXT.test(type) && !CHARSET.test(type) ? `${type}; charset=${charset}` : type;
}
