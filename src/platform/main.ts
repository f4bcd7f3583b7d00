/** The module that the host starts: the command line of the product, and then the event loop until it ends. */
import '../cli/bin.ts';
import { runLoop } from './loop.ts';
import process from './process.ts';

runLoop();
process.exit();
