/** The optional JSON file: one object whose keys are those of the options. */
import { isObject } from '../util/json.ts';
import { failure, type Result, success } from '../util/result.ts';
import { parseJson } from './json-syntax.ts';
import { type NamedOption, options } from './options.ts';
import { bracketedCode, refused, refusedSecret, shownName, unknownName } from './problems.ts';
import { type Setting, type SettingSource, sourceOf } from './setting.ts';
import type { ReadFile } from './system.ts';

const optionsByKey = new Map(options.map((option) => [option.key, option]));

/** Reads `path`; `namedBy` is the flag or variable that gave it, for messages. */
export function readJsonFile(path: string, namedBy: string, readFile: ReadFile): SettingSource {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return sourceOf([], [refused(namedBy, path, `a file that can be read${bracketedCode(error)}`)]);
  }
  const file = shownName(path);
  const parsed = parseJson(text);
  return parsed.ok ? readObject(parsed.value, file) : sourceOf([], [`${file}: ${parsed.error}`]);
}

function readObject(value: unknown, file: string): SettingSource {
  if (!isObject(value)) return sourceOf([], [`${file}: allowed: one JSON object with options as keys`]);
  const settings = Object.entries(value).flatMap(([key, received]) => {
    const option = optionsByKey.get(key);
    return option ? [[option, settingOf(option, received, `${file}: ${key}`)] as const] : [];
  });
  const known = [...optionsByKey.keys()];
  const unknown = Object.keys(value).filter((key) => !optionsByKey.has(key));
  return sourceOf(
    settings,
    unknown.map((key) => `${file}: ${unknownName(key, 'key', known)}`),
  );
}

/** The setting, or a problem when the type is wrong. */
function settingOf(option: NamedOption, received: unknown, origin: string): Result<Setting, string> {
  switch (option.kind) {
    case 'list':
      if (isTexts(received)) return success({ origin, texts: received });
      return wrongType(option, received, origin, 'an array of strings');
    case 'boolean':
      if (typeof received === 'boolean') return success({ origin, texts: [String(received)] });
      return wrongType(option, received, origin, 'true or false');
    case 'number':
      if (typeof received === 'number') return success({ origin, texts: [String(received)] });
      if (typeof received === 'string') return success({ origin, texts: [received] });
      return wrongType(option, received, origin, 'a number, or a string such as "10s" or "32M"');
    case 'text':
      if (typeof received === 'string') return success({ origin, texts: [received] });
      return wrongType(option, received, origin, 'a string');
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function wrongType(
  option: NamedOption,
  received: unknown,
  origin: string,
  allowed: string,
): Result<Setting, string> {
  return failure(option.secret ? refusedSecret(origin, allowed) : refused(origin, received, allowed));
}
