/**
 * What stays of ICU's data: all that is true in every language, English, and the encodings that `TextDecoder` knows.
 *
 * What is not known here stays, so that a newer ICU is larger rather than broken. What a language lacks, ICU takes from
 * `root`; where V8 does not expect that, it crashes instead of throwing, so the break iterators keep their rules.
 */
import { type IcuItem, type IcuPackage, packIcu } from './icu-package.ts';

/** A locale in any tree: `de.res`, `coll/zh_Hant.res`. The index of each tree has the form of one. */
const LOCALE = /^(?:\w+\/)?(?!res_index\.)[a-z]{2,3}(?:_\w*)?\.res$/;
const ENGLISH = /^(?:\w+\/)?en(?:_US)?\.res$/;

/** What only `Intl`, or nothing in Node at all, asks for. */
const UNUSED: readonly RegExp[] = [
  // Names of languages, of regions and of units; numbers in words; transliterations.
  /^(?:lang|region|unit|rbnf|translit)\//,
  // Dictionaries of languages without blanks, and rules for lines in Chinese and Japanese.
  /^brkitr\/.*\.dict$/,
  /^brkitr\/(?!(?:char|word|sent|line|title)\.brk$).*\.brk$/,
  // Profiles of StringPrep, names that look alike, names of characters.
  /\.spp$/,
  /^confusables\.cfu$/,
  /^unames\.icu$/,
];

const CONVERTER = /\.cnv$/;
/**
 * The converters behind the labels of https://encoding.spec.whatwg.org, by which mote decodes what clients put into
 * header fields. Some take their tables from another one: `windows-936` from `ibm-1386`, `windows-950` from `ibm-1373`.
 */
const CONVERTERS: ReadonlySet<string> = new Set(
  [
    'ibm-866_P100-1995 ibm-912_P100-1995 ibm-913_P100-2000 ibm-914_P100-1995 ibm-915_P100-1995',
    'ibm-1089_P100-1995 ibm-9005_X110-2007 ibm-5012_P100-1999 iso-8859_10-1998 ibm-921_P100-1995',
    'iso-8859_14-1998 ibm-923_P100-1998 ibm-878_P100-1996 ibm-1168_P100-2002 macos-0_2-10.2 macos-7_3-10.2',
    'windows-874-2000 ibm-5346_P100-1998 ibm-5347_P100-1998 ibm-5348_P100-1997 ibm-5349_P100-1998',
    'ibm-5350_P100-1998 ibm-9447_P100-2002 ibm-9448_X100-2005 ibm-9449_P100-2002 ibm-5354_P100-1998',
    'gb18030-2022 windows-936-2000 ibm-1386_P100-2001 windows-950-2000 ibm-1373_P100-2002',
    'euc-jp-2007 ibm-943_P15A-2003 ibm-970_P110_P110-2006_U2',
  ].flatMap((names) => names.split(' ').map((name) => `${name}.cnv`)),
);

export function staysInIcu({ name }: Pick<IcuItem, 'name'>): boolean {
  if (LOCALE.test(name) && !ENGLISH.test(name)) return false;
  if (CONVERTER.test(name)) return CONVERTERS.has(name);
  return !UNUSED.some((pattern) => pattern.test(name));
}

export interface EnglishIcu {
  /** The smaller package. */
  readonly bytes: Buffer;
  /** The bytes are those of the package. */
  readonly leftOut: { readonly files: number; readonly bytes: number };
}

export function englishIcu(icu: IcuPackage): EnglishIcu {
  const items = icu.items.filter(staysInIcu);
  const bytes = packIcu(icu, items);
  return { bytes, leftOut: { files: icu.items.length - items.length, bytes: icu.size - bytes.length } };
}
