/** The contracts on Node: `node-fixtures.ts NAME` prints the lines of one. */
import { printContract } from './run-fixtures.ts';

await printContract();
