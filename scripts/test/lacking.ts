/** Reasons not to test something, in the words that `skips.ts` gathers Debian's packages from. */
import { present } from '../command-path.ts';

/** Why what needs all of these commands cannot be tested here, or `false`; the values name their packages. */
export function lacking(packageOf: Readonly<Record<string, string>>): string | false {
  const missing = Object.entries(packageOf).filter(([command]) => !present(command));
  if (missing.length === 0) return false;
  const packages = [...new Set(missing.map(([, name]) => name))];
  return `missing: ${missing.map(([command]) => command).join(', ')} ${debian(packages)}`;
}

/** What would change it. */
export function debian(packages: readonly string[]): string {
  return `(Debian: ${packages.join(' ')})`;
}
