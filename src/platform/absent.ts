/** What mote-tiny does not have: a use of it is refused before it could get here, or a defect. */
function absent(name: string): () => never {
  return () => {
    throw new Error(`${name} is not in this build`);
  };
}

export const createServer: () => never = absent('node:http');
export const request: () => never = absent('node:http');
export class Readable {
  static from: () => never = absent('node:stream');
}
export class Duplex {}
export class Server {}
export class IncomingMessage {}
export class ServerResponse {}
export const brotliCompress: () => never = absent('compression');
export const gzip: () => never = absent('compression');
export const gunzipSync: () => never = absent('decompression');
export const inflateSync: () => never = absent('decompression');
export const inflateRawSync: () => never = absent('decompression');
export const brotliDecompressSync: () => never = absent('decompression');
export const constants = {};
export const promisify: (one: unknown) => unknown = (one) => one;
export const createRequire: () => never = absent('node:module');
export const STATUS_CODES = {};
export const METHODS: string[] = [];
export const maxHeaderSize = 16384;
export default { createServer, request, Server, IncomingMessage, ServerResponse, STATUS_CODES, METHODS };
