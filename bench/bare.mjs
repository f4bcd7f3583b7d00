/** The ceiling: node:http answering constant buffers with the least that HTTP wants. `bare.mjs ROOT PORT` */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [root = '.', port] = process.argv.slice(2);
const bodies = new Map(readdirSync(root).map((name) => [`/${name}`, readFileSync(join(root, name))]));

createServer((request, response) => {
  const body = bodies.get(request.url);
  if (!body) return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length }).end(body);
}).listen(Number(port), '127.0.0.1');
