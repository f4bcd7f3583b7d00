/**
 * The name that a worker is started with, in place of that of the program: it is how the program knows that it is one,
 * and what `ps` shows. A variable of the environment would do the same, but could be left behind in it, and a sealed
 * executable forgets the one of `node:cluster`.
 */
export const WORKER_NAME = 'mote: worker';
