import { testRules } from './fixtures.ts';
import { nameRules } from './names.ts';

testRules(nameRules, {
  names: [
    [
      'one name for two things',
      {
        'src/a/x.ts': 'export interface Clock {}\nexport const one = 1, other = 2;\n',
        'src/b/y.ts': 'export type Clock = 1;\nexport function other() {}\nconst one = 1;\n',
        'src/c/z.ts': 'export class Clock {}\n',
      },
      'src/a/x.ts: Clock',
      'src/a/x.ts: other',
    ],
    [
      'what is passed on, shared by a type and its value, of tests, or of the machine programs',
      {
        'src/a.ts': 'export type A = 1;\nexport const A = 1;\n',
        'src/bcd.ts': "export { A } from './a.ts';\nexport type { A as B } from './a.ts';\n",
        'src/some.test.ts': 'export const A = 1;\n',
        'scripts/cde.ts': 'export const A = 1;\n',
        'src/asm/a64.ts': 'export const ret = 1;\n',
        'src/asm/x64.ts': 'export const ret = 1;\n',
      },
    ],
    [
      'files one letter apart',
      {
        'src/listing.ts': '',
        'src/listings.ts': '',
        'src/listings.test.ts': '',
        'test/http/ends.ts': '',
        'test/http/sends.ts': '',
        'test/http/sents.ts': '',
      },
      'src/listings: listing',
      'test/http/sends: ends',
      'test/http/sents: sends',
    ],
    [
      'in two folders, or further apart',
      { 'src/a/read.ts': '', 'src/b/reads.ts': '', 'src/b/ready.ts': '', 'src/b/meter.ts': '' },
      'src/b/ready: reads',
    ],
    [
      'a file beside a folder of its own name',
      { 'src/smtp.ts': '', 'src/smtp/channel.ts': '', 'src/sms/sms.ts': '' },
      'src/smtp.ts: smtp',
    ],
  ],
});
