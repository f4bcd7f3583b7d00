/** Files that the build put inside. */
import { Buffer } from './buffer.ts';
import { host } from './host.ts';

export function readAsset(name: string): Buffer | undefined {
  const answer = host.asset(name);
  return typeof answer === 'number' ? undefined : new Buffer(answer);
}
