/** Fastify with its static plugin as its manual shows it, without the logger. `fastify-static.mjs ROOT PORT` */
import fastifyStatic from '@fastify/static';
import fastify from 'fastify';

const [root, port] = process.argv.slice(2);

const app = fastify({ logger: false });
app.register(fastifyStatic, { root, maxAge: '1h' });
await app.listen({ host: '127.0.0.1', port: Number(port) });
