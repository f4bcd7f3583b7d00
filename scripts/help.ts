/** `--help` of the scripts: the comment at the head of the file, so that there is one text for readers and users. */
import { readFileSync } from 'node:fs';

/** The first comment of a script, without its marks. */
export function headOf(source: string): string {
  const [, comment = ''] = /\/\*\*(.*?)\*\//s.exec(source) ?? [];
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  return `${lines.join('\n').trim()}\n`;
}

/** Ends the process where help is asked for. To be called before the script does anything. */
export function answerHelp(file: string): void {
  if (!process.argv.slice(2).some((word) => word === '--help' || word === '-h')) return;
  process.stdout.write(headOf(readFileSync(file, 'utf8')));
  process.exit();
}
