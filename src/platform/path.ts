/** Node's `path` for POSIX. */
import process from './process.ts';

export const sep = '/';

export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

export function normalize(path: string): string {
  const kept: string[] = [];
  const isRooted = isAbsolute(path);
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isRooted) kept.push(part);
  }
  const start = isRooted ? '/' : kept.length === 0 ? '.' : '';
  const end = path.endsWith('/') && (kept.length > 0 || !isRooted) && path !== '' ? '/' : '';
  return `${start}${kept.join('/')}${end}`;
}

export function join(...parts: string[]): string {
  return normalize(parts.filter((part) => part !== '').join('/'));
}

export function resolve(...parts: string[]): string {
  let path = '';
  for (let i = parts.length - 1; i >= 0 && !isAbsolute(path); i -= 1) {
    const part = parts[i] as string;
    if (part !== '') path = path === '' ? part : `${part}/${path}`;
  }
  const absolute = isAbsolute(path) ? path : `${process.cwd()}/${path}`;
  return normalize(absolute).replace(/(.)\/$/, '$1');
}

export function dirname(path: string): string {
  const end = path.replace(/\/+$/, '').lastIndexOf('/');
  if (end > 0) return path.slice(0, end === 1 && isAbsolute(path) ? 2 : end);
  return isAbsolute(path) ? '/' : '.';
}

export function basename(path: string, suffix = ''): string {
  const name = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return suffix !== '' && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}
