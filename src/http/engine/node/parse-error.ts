/** The response to input that the parser of `node:http` rejected, or did not receive in time. Pure. */
import type { ErrorCode } from '../../errors.ts';

/** An error of the event `clientError`. */
export interface ParseError extends Error {
  readonly code?: string;
  /** The chunk of input in which it occurred: the head may have begun in an earlier one. */
  readonly rawPacket?: Buffer;
  /** The position in it. */
  readonly bytesParsed?: number;
}

const LF = 10;
/** A well-formed request line (RFC 9112 §3), perhaps with an unknown method or version. */
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
    // HPE_INVALID_CONSTANT: a method that llhttp knows from another protocol.
    case 'HPE_INVALID_METHOD':
    case 'HPE_INVALID_VERSION':
    case 'HPE_INVALID_CONSTANT':
      return codeOfLine(lineOf(error));
    default:
      return 'bad_request';
  }
}

/** If the first line is not complete in the chunk, the target is too long; otherwise the header section is. */
function codeOfOverflow({ rawPacket }: ParseError): ErrorCode {
  return rawPacket && rawPacket.indexOf(LF) < 0 && /^[A-Z]+ /.test(rawPacket.toString('latin1', 0, 16))
    ? 'uri_too_long'
    : 'headers_too_large';
}

/**
 * A well-formed line that was rejected has an unknown method (501, RFC 9110 §15.6.2) or a version that llhttp does not
 * accept: another major version (505), but also 1.2 to 1.9, which it cannot be configured to treat as 1.1.
 */
function codeOfLine(line: string): ErrorCode {
  const major = requestLine.exec(line)?.[1];
  if (major === undefined || major === '0') return 'bad_request';
  return knownVersion.test(line) ? 'not_implemented' : 'version_not_supported';
}

/** The line at which the parser stopped; empty if it is not complete in the chunk. */
function lineOf({ rawPacket, bytesParsed = 0 }: ParseError): string {
  if (!rawPacket) return '';
  const start = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf(LF, bytesParsed - 1) + 1;
  const end = rawPacket.indexOf(LF, bytesParsed);
  return end < 0 ? '' : rawPacket.toString('latin1', start, end);
}
