/** Descriptions of network errors. Only these texts are shown, since the messages of errors quote URLs. */

/** A destination that must not be contacted; trying again is pointless. */
export class ForbiddenDestination extends Error {}

/** An error whose message may be shown. */
export class NetworkFault extends Error {}

const words: ReadonlyMap<unknown, string> = new Map([
  ['ECONNREFUSED', 'the connection was refused'],
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed'],
  ['ECONNABORTED', 'the connection was aborted'],
  ['ETIMEDOUT', 'connecting took too long'],
  ['EHOSTUNREACH', 'the host cannot be reached'],
  ['ENETUNREACH', 'the network cannot be reached'],
  ['EADDRNOTAVAIL', 'the network cannot be reached'],
  ['ENOTFOUND', 'the host name is not known'],
  ['EAI_AGAIN', 'the host name could not be looked up'],
  ['ENOENT', 'there is no such socket'],
  ['EACCES', 'the socket may not be used'],
  ['EMFILE', 'too many open files'],
  ['CERT_HAS_EXPIRED', 'the certificate has expired'],
  ['CERT_NOT_YET_VALID', 'the certificate is not valid yet'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'the certificate is for another host'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'the certificate is self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'the certificate is from an authority that is not trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'the certificate is from an authority that is not trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'the certificate is from an authority that is not trusted'],
]);

/** One line without anything secret. */
export function networkFaultOf(error: unknown): string {
  if (error instanceof ForbiddenDestination || error instanceof NetworkFault) return error.message;
  const { code, name, errors } = (error ?? {}) as { code?: unknown; name?: unknown; errors?: unknown };
  // Several addresses were tried; the first error is enough.
  if (Array.isArray(errors) && errors.length > 0) return networkFaultOf(errors[0]);
  if (name === 'AbortError') return 'it took too long';
  const known = words.get(code);
  if (known) return known;
  if (/^ERR_(SSL|TLS)_/.test(String(code)) || code === 'EPROTO') return 'TLS could not be agreed on';
  return 'the connection failed';
}
