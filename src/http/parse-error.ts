/** What a client is told about bytes that the parser of `node:http` refused, or waited for in vain. Pure. */
import type { ErrorCode } from './errors.ts';

/** An error of the event `clientError`. */
export interface ParseError extends Error {
  readonly code?: string;
  /** The piece of input in which it came up: a longer head may have begun before it. */
  readonly rawPacket?: Buffer;
  /** Where in it. */
  readonly bytesParsed?: number;
}

const LF = 10;
/** A request line (RFC 9112 §3) that nothing is wrong with but, perhaps, that we do not know its words. */
const requestLine = /^[\w!#$%&'*+.^`|~-]+ [\x21-\x7e]+ HTTP\/(\d)\.\d\r?$/;
const knownVersion = /HTTP\/1\.[01]\r?$/;

/** The catalogue entry for an error of the parser or of its timers. */
export function codeOfParseError(error: ParseError): ErrorCode {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout';
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'content_too_large';
    case 'HPE_HEADER_OVERFLOW':
      return codeOfOverflow(error);
    // The last is for methods that llhttp knows of other protocols.
    case 'HPE_INVALID_METHOD':
    case 'HPE_INVALID_VERSION':
    case 'HPE_INVALID_CONSTANT':
      return codeOfLine(lineOf(error));
    default:
      return 'bad_request';
  }
}

/** Whether the target or the fields were too long shows in the first line, where it came in one piece. */
function codeOfOverflow({ rawPacket }: ParseError): ErrorCode {
  return rawPacket && rawPacket.indexOf(LF) < 0 && /^[A-Z]+ /.test(rawPacket.toString('latin1', 0, 16))
    ? 'uri_too_long'
    : 'headers_too_large';
}

/**
 * A well-formed line that was refused all the same has a method that nobody knows (501, RFC 9110 §15.6.2) or a
 * version that llhttp does not take: another major (505), but also 1.2 to 1.9, which it cannot be told to take for 1.1.
 */
function codeOfLine(line: string): ErrorCode {
  const major = requestLine.exec(line)?.[1];
  if (major === undefined || major === '0') return 'bad_request';
  return knownVersion.test(line) ? 'not_implemented' : 'version_not_supported';
}

/** The line that the parser was in. Empty where it began in another piece: what it says cannot be known then. */
function lineOf({ rawPacket, bytesParsed = 0 }: ParseError): string {
  if (!rawPacket) return '';
  const start = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf(LF, bytesParsed - 1) + 1;
  const end = rawPacket.indexOf(LF, bytesParsed);
  return end < 0 ? '' : rawPacket.toString('latin1', start, end);
}
