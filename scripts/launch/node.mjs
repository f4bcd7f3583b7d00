/** `node scripts/launch/node.mjs ARGUMENT…`: the locked Node with these arguments. */
import { spawnSync } from 'node:child_process';
import { runLocked, takePlace } from './locked-node.mjs';

const args = process.argv.slice(2);
runLocked(args, (reason) => {
  takePlace(reason);
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
});
