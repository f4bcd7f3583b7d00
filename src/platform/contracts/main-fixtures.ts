/** The contracts as a program: `main.ts NAME` prints the lines of one. For mote-tiny it is built in the product's place. */
import { runLoop } from '../loop.ts';
import process from '../process.ts';
import { printContract } from './run-fixtures.ts';

void printContract();
runLoop();
process.exit();
