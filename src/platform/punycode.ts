/** Domains in ASCII: Punycode (RFC 3492) of the labels beyond ASCII. */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_BIAS = 72;
const FIRST_CODE = 128;

const digit = (value: number): string => String.fromCharCode(value < 26 ? value + 97 : value + 22);

function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = isFirst ? Math.floor(delta / DAMP) : delta >> 1;
  rest += Math.floor(rest / count);
  let bias = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) >> 1; bias += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return bias + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}

function variable(delta: number, bias: number): string {
  let out = '';
  let rest = delta;
  for (let k = BASE; ; k += BASE) {
    const threshold = Math.min(T_MAX, Math.max(T_MIN, k - bias));
    if (rest < threshold) return out + digit(rest);
    out += digit(threshold + ((rest - threshold) % (BASE - threshold)));
    rest = Math.floor((rest - threshold) / (BASE - threshold));
  }
}

function encodeLabel(label: string): string {
  const codes = Array.from(label, (char) => char.codePointAt(0) as number);
  const basic = codes.filter((code) => code < FIRST_CODE);
  let out = String.fromCharCode(...basic);
  if (basic.length > 0) out += '-';
  let [code, delta, bias, handled] = [FIRST_CODE, 0, FIRST_BIAS, basic.length];
  while (handled < codes.length) {
    const next = Math.min(...codes.filter((one) => one >= code));
    delta += (next - code) * (handled + 1);
    code = next;
    for (const one of codes) {
      if (one < code) delta += 1;
      if (one !== code) continue;
      out += variable(delta, bias);
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled += 1;
    }
    delta += 1;
    code += 1;
  }
  return `xn--${out}`;
}

const ascii = /^[\0-\x7f]*$/;

const ignored =
  /\u00ad|\u034f|\u115f|\u1160|\u17b4|\u17b5|[\u180b-\u180f]|\u200b|[\u2060-\u2064]|[\u206a-\u206f]|\u3164|[\ufe00-\ufe0f]|\ufeff|\uffa0/g;

/**
 * Mapped by lower case and NFKC, which is what UTS #46 comes to for names that registries register; ignored soft
 * hyphens and joiners are removed. `undefined` for what is no domain.
 */
export function toASCII(domain: string): string | undefined {
  if (ascii.test(domain)) return domain.toLowerCase();
  const dotted = domain.replace(ignored, '').replace(/[\u3002\uff0e\uff61]/g, '.');
  const mapped = dotted.toLowerCase().normalize('NFKC').toLowerCase();
  // `⒈` and the like are no dots.
  if (mapped.split('.').length !== dotted.split('.').length) return undefined;
  if (
    /[\ud800-\udfff\ufffd\u200c-\u200f\u202a-\u202e]/.test(
      mapped.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''),
    )
  )
    return undefined;
  const labels = mapped.split('.');
  if (labels.some((label) => label.startsWith('xn--') && !ascii.test(label))) return undefined;
  return labels.map((label) => (ascii.test(label) ? label : encodeLabel(label))).join('.');
}
