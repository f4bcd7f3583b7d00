/** HTTPS: its certificate, and what leads to it. */
import type { Option } from '../option-kinds.ts';
import { emptyOr, parseFilePath, parseHsts } from '../parse.ts';
import { count } from './shared.ts';

const file = {
  kind: 'text',
  group: 'TLS',
  label: 'FILE',
  parse: emptyOr(parseFilePath),
  default: '',
} as const;

export const tls = {
  tlsCert: {
    ...file,
    doc: 'The certificate and its chain (PEM): mote then speaks HTTPS, with HTTP/2. Read again when it changes.',
  },
  tlsKey: {
    ...file,
    doc: 'The private key of the certificate (PEM, without a passphrase). Empty: it is in the file of the certificate.',
  },
  hsts: {
    kind: 'text',
    group: 'TLS',
    label: 'VALUE',
    parse: emptyOr(parseHsts),
    default: '',
    doc: 'Strict-Transport-Security for responses over TLS: seconds, or the value of the header. Empty: none.',
  },
  redirectPort: {
    ...count,
    group: 'TLS',
    label: 'PORT',
    min: 0,
    max: 65_535,
    default: 0,
    doc: 'A port for plain HTTP that redirects to HTTPS, and serves /.well-known/acme-challenge/ of the root. 0: none.',
  },
} as const satisfies Readonly<Record<string, Option>>;
