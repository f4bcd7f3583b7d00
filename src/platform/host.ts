/** The host's functions, and what a failed call of it becomes: an error as Node throws them. */
import { calls, EVENTS, type Host } from './binding.ts';

declare const __host: Host;
export const host: Host = __host;
export { EVENTS };

type CallName = (typeof calls)[number];
type Operand = string | number | bigint | Uint8Array;

const numbers = new Map<string, number>(calls.map((name, number) => [name, number]));

/** Node's names and texts of errors, which the build writes here (`scripts/tiny/modules.ts`): `2 ENOENT: no such …` */
declare const SYSTEM_ERRORS: string;
/** After them those of getaddrinfo (10000 - EAI_…). */
const described = `
${SYSTEM_ERRORS}
10002 ENOTFOUND: no such host
10003 EAI_AGAIN: the name server gave no answer
10004 EAI_FAIL: the name server failed
`;

export interface SystemError extends Error {
  code: string;
  errno: number;
  syscall: string;
}

/** The error for the negative errno of a host's function. */
export function systemError(result: number, syscall: string, about = ''): SystemError {
  const number = `\n${-result} `;
  const at = described.indexOf(number);
  const text =
    at < 0
      ? `E${-result}: unknown error`
      : described.slice(at + number.length, described.indexOf('\n', at + 1));
  const code = text.slice(0, text.indexOf(':'));
  return Object.assign(new Error(`${text}, ${syscall}${about}`), { code, errno: result, syscall });
}

function aboutOf(operands: readonly Operand[]): string {
  const paths = operands.filter((operand) => typeof operand === 'string');
  return paths.length > 0 ? ` ${paths.map((path) => `'${path}'`).join(' -> ')}` : '';
}

function settle(
  answer: number | ArrayBuffer,
  name: string,
  operands: readonly Operand[],
): number | ArrayBuffer {
  if (typeof answer === 'number' && answer < 0) throw systemError(answer, name, aboutOf(operands));
  return answer;
}

/** Makes a call at once. @throws SystemError */
export function callSync(name: CallName, ...operands: Operand[]): number | ArrayBuffer {
  const [a, b, c, d] = operands;
  return settle(host.call(numbers.get(name) ?? -1, a, b, c, d), name, operands);
}

interface Waiting {
  readonly name: string;
  readonly operands: readonly Operand[];
  readonly resolve: (answer: number | ArrayBuffer) => void;
  readonly reject: (error: unknown) => void;
}

const waiting = new Map<number, Waiting>();
let lastId = 0;

/** Calls under way: they keep the process. */
export function callsUnderWay(): number {
  return waiting.size;
}

/** Makes a call on a thread. Rejects with a `SystemError`. */
export function call(name: CallName, ...operands: Operand[]): Promise<number | ArrayBuffer> {
  return new Promise((resolve, reject) => {
    const [a, b, c, d] = operands;
    lastId += 1;
    const state = host.submit(numbers.get(name) ?? -1, lastId, a, b, c, d);
    if (state < 0) reject(systemError(state, name, aboutOf(operands)));
    else waiting.set(lastId, { name, operands, resolve, reject });
  });
}

/** Settles the calls that threads have made. */
export function takeFinished(): void {
  const answers = host.finished();
  for (let i = 0; i + 1 < answers.length; i += 2) {
    const id = answers[i] as number;
    const one = waiting.get(id);
    waiting.delete(id);
    if (!one) continue;
    try {
      one.resolve(settle(answers[i + 1] as number | ArrayBuffer, one.name, one.operands));
    } catch (error) {
      one.reject(error);
    }
  }
}
