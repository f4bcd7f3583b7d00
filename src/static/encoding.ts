/** The choice among content codings (RFC 9110 §12.5.3). */

export type Coding = 'br' | 'zstd' | 'gzip';

/** The codings in the server's order of preference, each with the suffix of the precompressed sibling. */
export const codings: readonly { readonly coding: Coding; readonly suffix: string }[] = [
  { coding: 'br', suffix: '.br' },
  { coding: 'zstd', suffix: '.zst' },
  { coding: 'gzip', suffix: '.gz' },
];

/**
 * The coding of the response, of those available: the one with the highest weight in the request; on equal weight
 * the server's order decides.
 *
 * Identity wins if the client explicitly gives it a higher weight, if the client names no available coding, and
 * if there is no field at all: any coding would then be allowed, but a client that cannot decode sends no field
 * either. It is also the result for `identity;q=0` with nothing else acceptable, where a server may either
 * respond with 406 or disregard the field (§12.4.1): content is more useful than an error.
 */
export function negotiate(
  acceptEncoding: string | undefined,
  available: readonly Coding[],
): Coding | 'identity' {
  if (!acceptEncoding || available.length === 0) return 'identity';
  const weights = parseWeights(acceptEncoding);
  let best: Coding | 'identity' = 'identity';
  let bestWeight = weights.identity ?? 0;
  for (const { coding } of codings) {
    const weight = weights[coding] ?? weights['*'] ?? 0;
    const better = best === 'identity' ? weight >= bestWeight : weight > bestWeight;
    if (weight > 0 && better && available.includes(coding)) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

type Weights = { [name in Coding | 'identity' | '*']?: number };

/** The weights of the codings above; if a name occurs twice, the last one counts. */
function parseWeights(acceptEncoding: string): Weights {
  const weights: Weights = {};
  for (const member of acceptEncoding.split(',')) {
    const semicolon = member.indexOf(';');
    const name = (semicolon < 0 ? member : member.slice(0, semicolon)).trim().toLowerCase();
    const weight = semicolon < 0 ? 1 : parseWeight(member.slice(semicolon + 1).trim());
    if (weight === undefined) continue;
    switch (name) {
      case 'br':
      case 'zstd':
      case 'gzip':
      case 'identity':
      case '*':
        weights[name] = weight;
        break;
      // RFC 9110 §8.4.1.3
      case 'x-gzip':
        weights.gzip = weight;
    }
  }
  return weights;
}

const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

/** RFC 9110 §12.4.2; `undefined` if malformed. */
function parseWeight(parameter: string): number | undefined {
  const digits = WEIGHT.exec(parameter)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
