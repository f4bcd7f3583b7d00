/** Lets a running program make system calls that it does not have: gdb puts them into its registers. x86-64 only. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { present } from '../../scripts/command-path.ts';

const TIMEOUT_MS = 20_000;
const REGISTERS = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];
/** Below the stack pointer and what the System V ABI lets a function use beneath it. */
const TEXT_OFFSET = 4096;
const MINUS_EINTR = -4;

/** A text is given by its address. */
export interface InjectedCall {
  readonly number: number;
  readonly args: readonly (number | string)[];
}

/** Why it cannot be done here. */
export const cannotInject: string | false =
  ((process.arch !== 'x64' || process.env.MOTE_TARGET?.includes('qemu') === true) &&
    'calls are injected on x86-64 only') ||
  (!present('gdb') && 'gdb is missing: apt-get install gdb');

/** What each call returned: a negative errno is a failure. The program is waiting for events, and goes on to do so. */
export function injectCalls(pid: number, calls: readonly InjectedCall[]): number[] {
  const commands = [
    'set $after = $rip',
    ...REGISTERS.map((name) => `set $saved_${name} = $${name}`),
    ...calls.flatMap(commandsFor),
    ...REGISTERS.map((name) => `set $${name} = $saved_${name}`),
    'set $rip = $after',
    `set $rax = ${MINUS_EINTR}`,
    'detach',
  ];
  const args = ['-nx', '-batch', '-p', String(pid), ...commands.flatMap((command) => ['-ex', command])];
  const output = execFileSync('gdb', args, { encoding: 'utf8', timeout: TIMEOUT_MS, stdio: 'pipe' });
  const results = Array.from(output.matchAll(/^result (-?\d+)$/gm), ([, number]) => Number(number));
  assert.equal(results.length, calls.length, output);
  return results;
}

/** The instruction before the one at which a program waits is that of a system call. */
function commandsFor({ number, args }: InjectedCall): string[] {
  return [
    ...args.flatMap((value, index) => {
      if (typeof value === 'number') return [`set $${REGISTERS[index]} = ${value}`];
      const place = `($rsp - ${TEXT_OFFSET * (index + 1)})`;
      const bytes = [...Buffer.from(`${value}\0`)];
      const writes = bytes.map((byte, at) => `set {char}(${place} + ${at}) = ${byte}`);
      return [...writes, `set $${REGISTERS[index]} = ${place}`];
    }),
    'set $orig_rax = -1',
    `set $rax = ${number}`,
    'set $rip = $after - 2',
    'stepi',
    'printf "result %ld\\n", $rax',
  ];
}
