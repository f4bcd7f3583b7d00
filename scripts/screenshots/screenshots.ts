/** Takes the pictures of docs/ in Chromium: `npm run screenshots [-- FOLDER]`. */
import { mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Page, startChromium, type View } from '../../test/support/chromium.ts';
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
  { name: 'notify', path: '/notify', view: { ...wide, width: 640 }, scheme: 'light' },
  { name: 'notify-phone', path: '/notify', view: narrow, scheme: 'dark' },
] as const;
const TOKEN = 'token-of-nobody';
/** Nothing is sent: what the page shows of a message has the time in it. */
const channels = {
  phone: { kind: 'wecom', corpId: 'ww1234', agentId: 1000002, secret: 'none', users: ['@all'] },
  mail: { kind: 'smtp', url: 'smtps://mail.example.com', from: 'mote@example.com', to: ['you@example.com'] },
};

/** As somebody fills it in. */
async function writeMessage(page: Page): Promise<void> {
  await page.fill('#token', TOKEN);
  await page.until('!channels.hidden');
  await page.fill('#title', 'Disk');
  await page.fill('#text', 'web1 is full');
}

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
  const users = { ann: { tokens: [hashOf(TOKEN)], channels: Object.keys(channels) } };
  const notify = notifyFile(channels, users);
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
      if (path === '/notify') await writeMessage(page);
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
