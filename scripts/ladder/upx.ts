/** UPX of this machine, or of Debian trixie: with the libraries that it was built for, and without installing anything. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { present } from '../command-path.ts';
import { downloadNewest } from '../tiny/apt.ts';
import { requireTools, runTool } from '../tiny/run-tool.ts';

const LIBRARIES = 'root/usr/lib/x86_64-linux-gnu';

/** The command that packs executables. `folder` is for what has to be brought. @throws TinyError */
export function findUpx(folder: string): readonly [string, ...string[]] {
  for (const name of ['upx', 'upx-ucl']) if (present(name)) return [name];
  requireTools(['dpkg-deb']);
  mkdirSync(folder, { recursive: true });
  downloadNewest(['upx-ucl', 'libc6', 'libstdc++6', 'libgcc-s1'], 'amd64', folder);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb')))
    runTool('dpkg-deb', ['--extract', file, 'root'], { cwd: folder });
  const libraries = join(folder, LIBRARIES);
  const loader = join(libraries, 'ld-linux-x86-64.so.2');
  return [loader, '--library-path', libraries, join(folder, 'root/usr/bin/upx-ucl')];
}
