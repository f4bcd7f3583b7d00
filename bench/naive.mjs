/**
 * The first attempt that everybody writes: open, pipe, done. No length, no type, no error handling and no
 * guard on the path; for the bench only. `naive.mjs ROOT PORT`
 */
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [root = '.', port] = process.argv.slice(2);

createServer((request, response) => {
  createReadStream(join(root, request.url)).pipe(response);
}).listen(Number(port), '127.0.0.1');
