/** `npm start`: npm runs it in the folder of the package, but paths count from where its caller stands. */
try {
  process.chdir(process.env.INIT_CWD || '.');
} catch {
  process.stderr.write(`mote: paths count from ${process.cwd()}, since ${process.env.INIT_CWD} is gone\n`);
}
import('./mote.mjs');
