/** `binding.h`, by which the compiler checks that the host has each function of the table in `binding.ts`. */
import { binding } from '../../src/platform/binding.ts';

export function bindingHeader(
  table: Readonly<Record<string, readonly [parameters: readonly string[], result: string]>> = binding,
): string {
  const rows = Object.entries(table).map(([name, [parameters]]) => `  X(${name}, ${parameters.length})`);
  return `/* Generated from src/platform/binding.ts. */
#ifndef BINDING_H
#define BINDING_H
#include "host.h"
#define BINDING(X) \\
${rows.join(' \\\n')}
#define DECLARE(name, length) HOST(name);
BINDING(DECLARE)
#undef DECLARE
#endif
`;
}
