/** Takes the pictures of docs/ in Chromium: `npm run screenshots [-- FOLDER]`. */
import { mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startChromium, type View } from '../../test/support/chromium.ts';
import { makeFolder } from '../../test/support/folder.ts';
import { hashOf, notifyFile } from '../../test/support/notify.ts';
import { start } from '../../test/support/target.ts';
import { answerHelp } from '../help.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');
/** A picture that is larger would weigh down every clone. */
const MAX_BYTES = 80 * 1024;

const wide: View = { width: 840, height: 640, mobile: false };
const narrow: View = { width: 390, height: 780, mobile: true };

const pictures = [
  { name: 'listing', path: '/', view: wide, scheme: 'light' },
  { name: 'listing-phone', path: '/', view: narrow, scheme: 'dark' },
  { name: 'notify', path: '/notify', view: wide, scheme: 'light' },
  { name: 'notify-phone', path: '/notify', view: narrow, scheme: 'dark' },
] as const;
/** It only has to be there: nobody enters it into the page. */
const TOKEN = hashOf('token-of-nobody');

function exampleSite(): string {
  const files = {
    'photos/a.jpg': 1,
    'music/a.mp3': 1,
    'chapter 2.pdf': 482_113,
    'chapter 10.pdf': 1_204_224,
    'backup.tar.gz': 73_400_320,
    'build.sh': 812,
    'cover.png': 240_128,
    'talk.mp4': 18_874_368,
    'theme.ogg': 3_145_728,
    LICENSE: 1071,
  };
  const readme = '# Field notes\n\nEverything of the project. Begin with [chapter 2](chapter%202.pdf).\n';
  const root = makeFolder({ 'README.md': readme });
  for (const [name, size] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, '');
    truncateSync(path, size);
  }
  for (const [index, name] of ['README.md', 'photos', 'music', ...Object.keys(files)].entries()) {
    const seconds = Date.UTC(2026, 10, 1 + index, 9, 7 * index) / 1000;
    utimesSync(join(root, name), seconds, seconds);
  }
  return root;
}

async function main(folder: string): Promise<void> {
  const users = { ann: { tokens: [TOKEN], channels: ['phone'] } };
  const notify = notifyFile({ phone: { kind: 'webhook', url: 'https://example.com' } }, users);
  const server = await start({ root: exampleSite(), args: ['--listing', '--notify', notify] });
  const browser = await startChromium();
  try {
    for (const { name, path, view, scheme } of pictures) {
      const page = await browser.open(
        { after: () => undefined },
        `http://127.0.0.1:${server.port}${path}`,
        view,
      );
      await page.send('Emulation.setDeviceMetricsOverride', { ...view, deviceScaleFactor: 1 });
      await page.show(scheme);
      const picture = await page.screenshot();
      if (picture.length > MAX_BYTES) throw new Error(`${name}: ${picture.length} bytes, too many for docs/`);
      writeFileSync(join(folder, `${name}.png`), picture);
    }
  } finally {
    await browser.close();
    await server.stop();
  }
}

answerHelp(import.meta.filename);
await main(resolve(process.argv[2] ?? DOCS));
