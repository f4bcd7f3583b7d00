import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { icuItem, icuPackage } from './fixtures.ts';
import { englishIcu, staysInIcu } from './icu-english.ts';
import { findIcuPackage } from './icu-package.ts';

describe('what stays of ICU', () => {
  const kept = [
    'what all languages share: root.res pool.res supplementalData.res zoneinfo64.res units.res icuver.res nfkc.nrm',
    'the lists of what there is: res_index.res coll/res_index.res curr/res_index.res brkitr/res_index.res',
    'English: en.res en_US.res coll/en.res zone/en.res',
    'comparison: coll/root.res coll/ucadata.icu',
    'break iterators: brkitr/root.res brkitr/en.res brkitr/char.brk brkitr/word.brk brkitr/sent.brk',
    'encodings: cnvalias.icu gb18030-2022.cnv ibm-943_P15A-2003.cnv windows-950-2000.cnv ibm-5348_P100-1997.cnv',
    'what is not known: new.icu tree/root.res tree/new.brk',
  ];
  const left = [
    'other languages: de.res de_AT.res zh_Hans_CN.res en_GB.res haw.res sr_Latn.res coll/de__PHONEBOOK.res coll/de_.res',
    'in other trees: curr/de.res zone/fr_CA.res brkitr/ja.res brkitr/en_US_POSIX.res',
    'names and units: lang/en.res region/root.res unit/pool.res rbnf/root.res translit/root.res',
    'dictionaries and lines: brkitr/thaidict.dict brkitr/line_cj.brk brkitr/sent_el.brk brkitr/word_POSIX.brk',
    'encodings that TextDecoder lacks: ibm-37_P100-1995.cnv euc-tw-2014.cnv ebcdic-xml-us.cnv',
    'the rest: rfc3491.spp confusables.cfu unames.icu',
  ];
  for (const [stays, lines] of [
    [true, kept],
    [false, left],
  ] as const) {
    for (const line of lines) {
      const [about = '', files = ''] = line.split(': ');
      test(`${stays ? 'stays' : 'is left out'}: ${about}`, () => {
        const wrong = files.split(' ').filter((name) => staysInIcu({ name }) !== stays);
        assert.deepEqual(wrong, []);
      });
    }
  }

  test('is counted', () => {
    const icu = findIcuPackage(
      icuPackage(['de.res', 'en.res', 'root.res'].map((name) => icuItem(name, 640))),
    );
    assert.ok(icu);
    const { bytes, leftOut } = englishIcu(icu);
    assert.deepEqual(
      findIcuPackage(bytes)?.items.map(({ name }) => name),
      ['en.res', 'root.res'],
    );
    assert.deepEqual(leftOut, { files: 1, bytes: icu.size - bytes.length });
    assert.ok(leftOut.bytes >= 640);
  });
});
