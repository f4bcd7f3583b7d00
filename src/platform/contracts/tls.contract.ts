/**
 * TLS to the servers that the command line names: what the product says of each. The runner starts the servers
 * (`scripts/tiny/contracts.ts`) and gives their names and URLs as JSON, and the certificate of the authority.
 */
import { once } from 'node:events';
import { createSecureContext } from 'node:tls';
import { connect } from '../../net/connect.ts';
import { networkFaultOf } from '../../net/network-fault.ts';
import { line } from './fixtures.ts';

const PATIENCE_MS = 3000;

async function outcomeOf(url: string, ca: string): Promise<unknown> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const options = { trust: () => createSecureContext({ ca }), connectTimeoutMs: 1000 };
  try {
    const socket = await connect(new URL(url), signal, options);
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await Promise.race([once(socket, 'end'), once(socket, 'close')]);
    socket.destroy();
    return [text.length, text.slice(0, 40)];
  } catch (error) {
    return networkFaultOf(error);
  }
}

export async function* contract(): AsyncGenerator<string> {
  const { servers, authority } = JSON.parse(process.argv[3] ?? '{}');
  for (const [name, url] of servers) yield line(name, await outcomeOf(url, authority));
}
