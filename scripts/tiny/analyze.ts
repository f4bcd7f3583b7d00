/** Examines our C with the analyzer of gcc, whose findings are errors. */
import { TinyError } from './arguments.ts';
import type { Compiler } from './compiler.ts';
import { argumentsOf, type Unit } from './objects.ts';
import { startTool } from './run-tool.ts';

/**
 * Without two questions that gcc 12 answers wrongly: to it, half of the literal that is `JS_EXCEPTION` was never set, and
 * memory that an allocator or a queue of calls takes over is lost.
 */
const ANALYZER = ['-fanalyzer', '-Wno-analyzer-use-of-uninitialized-value', '-Wno-analyzer-malloc-leak'];

/** Rejects with a `TinyError` that has all findings. */
export async function analyze(units: readonly Unit[], compiler: Compiler): Promise<void> {
  const findings: string[] = [];
  for (const unit of units) {
    const args = [...argumentsOf(unit, compiler), ...ANALYZER, '-o', '/dev/null', '-c', unit.path];
    await startTool(compiler.command, args).catch((error: unknown) => {
      if (!(error instanceof TinyError)) throw error;
      findings.push(error.message);
    });
  }
  if (findings.length > 0) throw new TinyError(findings.join('\n'));
}
