/**
 * Prints as JSON what Node does with text, to compare a Node that has all of ICU's data with one that has it in English
 * only: `shared` must be the same in both.
 */
const { createHash } = require('node:crypto');
const { transcode } = require('node:buffer');
const { domainToASCII, domainToUnicode, format } = require('node:url');
const { inspect } = require('node:util');

const characters = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));
const everything = characters.join('');

/** Short where the result is long. */
function digest(text) {
  return text.length < 200 ? text : createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 16);
}

const forms = ['NFC', 'NFD', 'NFKC', 'NFKD'];
const properties =
  'L N M Cc Cf Cs P S Z ASCII Assigned Alphabetic Uppercase Emoji ID_Start Bidi_Control Script=Han sc=Latin Zl ' +
  'Script_Extensions=Arabic Default_Ignorable_Code_Point Variation_Selector Changes_When_NFKC_Casefolded White_Space';
const sequences = ['RGI_Emoji', 'Emoji_Keycap_Sequence', 'RGI_Emoji_Flag_Sequence'];
const hosts =
  'münchen.de faß.de ΒΌΛΟΣ.com 例え.テスト ☃.net a\u200db.com ﬀ.com İstanbul.com xn--mnchen-3ya.de １２７.0.0.1 💩.la';
const labels =
  'utf-8 utf-16le utf-16be latin1 us-ascii ibm866 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 ' +
  'iso-8859-8 iso-8859-8-i iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 koi8-r koi8-u macintosh ' +
  'windows-874 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 ' +
  'windows-1257 windows-1258 x-mac-cyrillic gbk gb2312 gb18030 big5 euc-jp iso-2022-jp shift_jis euc-kr x-user-defined';
const zones = ['UTC', 'Europe/Berlin', 'Asia/Shanghai', 'America/New_York', 'Asia/Kolkata', 'Nowhere/At_All'];

const encoded = encodedBytes();
const shared = {
  versions: process.versions,
  normalize: forms.map((form) => digest(characters.map((one) => one.normalize(form)).join('|'))),
  upper: digest(everything.toUpperCase()),
  lower: digest(everything.toLowerCase()),
  turkish: digest(everything.toLocaleUpperCase('tr')),
  properties: properties
    .split(' ')
    .map((name) => digest(everything.replace(new RegExp(`\\p{${name}}+`, 'gu'), '|'))),
  folded: digest(everything.replace(/[a-zäßſKÅµ\p{Lu}]+/giu, '|')),
  sequences: sequences.map((name) =>
    digest('1️⃣🇩🇪👨‍👩‍👧‍👦👍🏽'.replace(new RegExp(`\\p{${name}}`, 'gv'), '|')),
  ),
  domains: hosts
    .split(' ')
    .map((host) => [domainToASCII(host), domainToUnicode(host), URL.canParse(`http://${host}`)]),
  unicodeUrl: format(new URL('http://xn--mnchen-3ya.de/'), { unicode: true }),
  encodings: labels.split(' ').map((label) => [label, ...encoded.map((bytes) => decode(label, bytes))]),
  transcode: transcode(Buffer.from('aäß€中😀'), 'utf8', 'latin1').toString('hex'),
  dates: zones.map((zone) => dateIn(zone)),
  inspect: inspect([['中文', 'é', '👨‍👩‍👧'], new Date(0)], { compact: true }),
  english: [
    (1234567.891).toLocaleString(),
    'b ä a Z é 中 10 2'
      .split(' ')
      .sort((a, b) => a.localeCompare(b))
      .join(),
  ],
};
const german = new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' }).format(1234567.5);
/** What must not end the process, whatever it says. */
const other = [
  () => new Intl.DateTimeFormat('ja', { dateStyle: 'full' }).format(0),
  () => new Intl.NumberFormat('en', { style: 'unit', unit: 'liter' }).format(3),
  () => new Intl.DisplayNames('en', { type: 'region' }).of('DE'),
  () => [...new Intl.Segmenter('th', { granularity: 'word' }).segment('สวัสดีชาวโลก')].length,
  () => new Intl.DurationFormat('en').format({ hours: 1 }),
  () => new Intl.RelativeTimeFormat('fr').format(1, 'day'),
  () => new Intl.ListFormat('zh').format(['a', 'b']),
  () => Intl.supportedValuesOf('currency').length,
  () => 'ä'.localeCompare('z', 'sv'),
].map(attempt);
process.stdout.write(JSON.stringify({ shared, german, other: other.length }));

/** All single bytes; all pairs; triples and quadruples; those of ISO 2022 behind their escapes. */
function encodedBytes() {
  const range = (start, end) => Array.from({ length: end - start }, (_, index) => start + index);
  const pairs = range(0x81, 0x100).flatMap((a) => range(0x30, 0x100).flatMap((b) => [a, b, 0x20]));
  const triples = range(0xa1, 0xff).flatMap((a) => range(0xa1, 0xff).flatMap((b) => [0x8f, a, b, 0x20]));
  const quadruples = range(0x81, 0xff).flatMap((a) =>
    range(0x81, 0xff).flatMap((b) => [a, 0x30 + (b % 10), b, 0x35]),
  );
  const escaped = ['\x1b(J', '\x1b(I', '\x1b$@', '\x1b$B', '\x1b$(D'].flatMap((start) =>
    range(0x21, 0x7f).flatMap((a) =>
      range(0x21, 0x7f).flatMap((b) => [...Buffer.from(start), a, b, 0x1b, 0x28, 0x42]),
    ),
  );
  return [range(0, 0x100), pairs, triples, quadruples, escaped].map((bytes) => Uint8Array.from(bytes));
}

function decode(label, bytes) {
  return attempt(() => digest(new TextDecoder(label).decode(bytes)));
}

function dateIn(zone) {
  process.env.TZ = zone;
  const dates = [new Date(1_700_000_000_000), new Date(1_690_000_000_000)];
  return dates.map((date) => `${date} ${date.getTimezoneOffset()} ${date.toLocaleString()}`);
}

function attempt(action) {
  try {
    return action();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}
