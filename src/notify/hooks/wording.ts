/** Templates for alerts, in the language of hooks. Pure. */
import { failure, type Result, success } from '../../util/result.ts';
import type { Wording } from '../dialects/wording.ts';
import type { Format } from '../message.ts';
import { compileHookTemplate } from './template.ts';

export interface WordingSettings {
  readonly title?: string;
  readonly text?: string;
  readonly format?: Format;
}

/** What finds nothing leaves the default: no alert is lost for a template. */
export function compileWording({ title, text, format = 'text' }: WordingSettings): Result<Wording, string> {
  const ofTitle = compileHookTemplate(title ?? '');
  if (!ofTitle.ok) return failure(`title: ${ofTitle.error}`);
  const ofText = compileHookTemplate(text ?? '');
  if (!ofText.ok) return failure(`text: ${ofText.error}`);
  return success((given) => {
    const document = Object.fromEntries(given);
    const scope = { document, item: document, headers: {} };
    const [words, lines] = [ofTitle.value.fill(scope), ofText.value.fill(scope)];
    return {
      ...(words.text !== '' && { title: words.text }),
      ...(lines.isFound && { text: lines.text, format }),
    };
  });
}
