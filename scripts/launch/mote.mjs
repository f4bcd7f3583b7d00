#!/usr/bin/env node
/** The command `mote` of a checkout: the sources on the locked Node, else on the Node that runs this. */
import { fileURLToPath } from 'node:url';
import { isLocked, refuse, runLocked, takePlace } from './locked-node.mjs';
import { NODE_FLAGS } from './node-flags.mjs';

const program = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url));

// Node strips no types there.
if (/[\\/]node_modules[\\/]/.test(program)) {
  refuse(
    'the sources do not run from within node_modules; clone mote and use `npm link`, or copy the executable',
  );
}
if (isLocked()) {
  import('../../src/cli/bin.ts');
} else {
  runLocked([...NODE_FLAGS, program, ...process.argv.slice(2)], (reason) => {
    takePlace(reason);
    import('../../src/cli/bin.ts');
  });
}
