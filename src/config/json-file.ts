/** The optional JSON file: one object whose keys are those of the options. */
import type { ReadFile } from './env.ts';
import { parseJson } from './json-syntax.ts';
import { type NamedOption, options } from './options.ts';
import {
  reasonOf,
  refused,
  refusedSecret,
  type Setting,
  type Source,
  shownName,
  unknownName,
} from './source.ts';

const keys = new Map(options.map((option) => [option.key, option]));

/** Reads `path`; `namedBy` is the flag or variable that gave it, for messages. */
export function readJsonFile(path: string, namedBy: string, readFile: ReadFile): Source {
  const source: Source = { settings: new Map(), problems: [] };
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    source.problems.push(refused(namedBy, path, `a file that can be read${reasonOf(error)}`));
    return source;
  }
  const file = shownName(path);
  const parsed = parseJson(text);
  if (typeof parsed === 'string') source.problems.push(`${file}: ${parsed}`);
  else readObject(parsed.value, file, source);
  return source;
}

function readObject(value: unknown, file: string, source: Source): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    source.problems.push(`${file}: allowed: one JSON object with options as keys`);
    return;
  }
  for (const [key, received] of Object.entries(value)) {
    const option = keys.get(key);
    const setting = option && settingOf(option, received, `${file}: ${key}`);
    if (!option) source.problems.push(`${file}: ${unknownName(key, 'key', [...keys.keys()])}`);
    else if (typeof setting === 'string') source.problems.push(setting);
    else if (setting) source.settings.set(option, setting);
  }
}

/** The setting, or a problem when the type is wrong. */
function settingOf(option: NamedOption, received: unknown, origin: string): Setting | string {
  switch (option.kind) {
    case 'list':
      if (isTexts(received)) return { origin, texts: received };
      return wrongType(option, received, origin, 'an array of strings');
    case 'boolean':
      if (typeof received === 'boolean') return { origin, texts: [String(received)] };
      return wrongType(option, received, origin, 'true or false');
    case 'number':
      if (typeof received === 'number') return { origin, texts: [String(received)] };
      if (typeof received === 'string') return { origin, texts: [received] };
      return wrongType(option, received, origin, 'a number, or a string such as "10s" or "32M"');
    case 'text':
      if (typeof received === 'string') return { origin, texts: [received] };
      return wrongType(option, received, origin, 'a string');
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function wrongType(option: NamedOption, received: unknown, origin: string, allowed: string): string {
  return option.secret ? refusedSecret(origin, allowed) : refused(origin, received, allowed);
}
