/** `--help` of the scripts: the comment at the head of the file, so that there is one text for readers and users. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** The first comment of a script, without its marks. */
export function headOf(source: string): string {
  const [, comment = ''] = /\/\*\*(.*?)\*\//s.exec(source) ?? [];
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  return `${lines.join('\n').trim()}\n`;
}

/** Wrong use, as with the commands of mote. */
const MISUSED = 2;

/**
 * Ends the process where help is asked for, or an option is given that the help does not name, unless the script passes
 * on the options of `others`. To be called before the script does anything.
 */
export function answerHelp(file: string, others?: 'others'): void {
  const words = process.argv.slice(2);
  const head = headOf(readFileSync(file, 'utf8'));
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(head);
    process.exit();
  }
  const unknown = others ? undefined : unknownOption(words, head);
  if (unknown === undefined) return;
  process.stderr.write(`${basename(file, '.ts')}: no such option: ${unknown}; --help lists them\n`);
  process.exit(MISUSED);
}

/** The first of the words that looks like an option and is not one of those that the text names. */
export function unknownOption(words: readonly string[], text: string): string | undefined {
  const named = new Set(text.match(/(?<![\w-])--?[a-z][\w-]*/gi));
  const end = words.indexOf('--');
  const options = words.slice(0, end < 0 ? undefined : end).map((word) => /^--?[a-z][^=]*/i.exec(word)?.[0]);
  return options.find((option) => option !== undefined && !named.has(option));
}
