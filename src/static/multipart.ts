/** The body of a 206 with several parts: `multipart/byteranges` (RFC 9110 §14.6, RFC 2046 §5.1). */
import type { ByteRange } from '../http/types.ts';

export interface MultipartLayout {
  /** The value of `Content-Type` of the response itself. */
  readonly contentType: string;
  /** Total bytes of all pieces: the value of `Content-Length`. */
  readonly length: number;
  /** In sending order: delimiters with the part's headers as bytes, file content as ranges. */
  readonly pieces: readonly (Uint8Array | ByteRange)[];
}

/**
 * Lays the parts out in the order given.
 *
 * @param size of the whole file, in bytes
 * @param contentType the type with which the whole file would be sent
 * @param boundary a token (RFC 9110 §5.6.2) of 1 to 70 characters that does not occur in the file after a line
 *   break and two hyphens; since the file is not searched, it must be unpredictable to the author of the file,
 *   such as a random value or a hash of the content
 */
export function layoutMultipart(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string,
  boundary: string,
): MultipartLayout {
  const pieces: (Uint8Array | ByteRange)[] = [];
  let length = 0;
  // The line break before a delimiter belongs to the delimiter, not to the part (RFC 2046 §5.1.1).
  let lineBreak = '';
  for (const range of ranges) {
    const head = Buffer.from(
      `${lineBreak}--${boundary}\r\n` +
        `Content-Type: ${contentType}\r\n` +
        `Content-Range: bytes ${range.start}-${range.end}/${size}\r\n\r\n`,
      'latin1',
    );
    pieces.push(head, range);
    length += head.length + range.end - range.start + 1;
    lineBreak = '\r\n';
  }
  const close = Buffer.from(`${lineBreak}--${boundary}--\r\n`, 'latin1');
  pieces.push(close);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    length: length + close.length,
    pieces,
  };
}
