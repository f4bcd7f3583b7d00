/**
 * The esbuild plugin that replaces the three placeholders in `src/build` (`info.ts`, `licenses.ts` and `site.ts`) with
 * what is true of a build, the registry of media types with a table, and the module that reads the files of the notify
 * page with one that contains their minified texts.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { type Plugin, transform } from 'esbuild';
import type { BuildInfo } from '../../src/build/info.ts';
import { mediaTypesModule } from './media-types.ts';

/** The site's name among the assets of an executable, and the end of its name beside a bundle. */
export const SITE_ASSET = 'mote.site';

export interface Replacements {
  readonly build: BuildInfo;
  /** The text of `mote --licenses`. */
  readonly licenses: string;
}

export function replacements({ build, licenses }: Replacements): Plugin {
  const modules: readonly (readonly [filter: RegExp, contents: () => string])[] = [
    [/[/\\]src[/\\]build[/\\]info\.ts$/, () => `export const buildInfo = ${JSON.stringify(build)};`],
    [/[/\\]src[/\\]build[/\\]licenses\.ts$/, () => licensesModule(licenses)],
    [/[/\\]src[/\\]build[/\\]site\.ts$/, () => siteModule(build)],
    [/[/\\]mime-types[/\\]index\.js$/, mediaTypesModule],
  ];
  return {
    name: 'replacements',
    setup({ onLoad }) {
      for (const [filter, contents] of modules)
        onLoad({ filter }, () => ({ contents: contents(), loader: 'js' }));
      onLoad({ filter: /[/\\]api[/\\]page[/\\]assets\.ts$/ }, async ({ path }) => ({
        contents: await pageModule(dirname(path)),
        loader: 'js',
      }));
    },
  };
}

/** Lines keep their ends, which separate words and attributes. */
async function pageModule(folder: string): Promise<string> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const minify = async (name: string, loader: 'css' | 'js') => {
    const { code } = await transform(read(name), { loader, minify: true, format: 'esm', target: 'es2022' });
    return code.trimEnd();
  };
  const [style, script] = [await minify('page.css', 'css'), await minify('page.js', 'js')];
  const assets = { markup: read('page.html').trimEnd(), style, script };
  return Object.entries(assets)
    .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};`)
    .join('\n');
}

function licensesModule(licenses: string): string {
  const text = Buffer.from(licenses);
  const params = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
  };
  const packed = brotliCompressSync(text, { params }).toString('base64');
  return `import { brotliDecompressSync } from 'node:zlib';
export const readLicenses = () => brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString();`;
}

/** A sealed executable has the site as an asset, mapped into memory; elsewhere it is a file beside the bundle. */
function siteModule({ base, embeddedSite }: BuildInfo): string {
  if (!embeddedSite) return 'export const readEmbeddedSite = () => undefined;';
  if (base === 'seal') {
    return `import { getRawAsset } from 'node:sea';
export const readEmbeddedSite = () => new Uint8Array(getRawAsset('${SITE_ASSET}'));`;
  }
  return `import { readFileSync } from 'node:fs';
export const readEmbeddedSite = () => readFileSync(__dirname + '/${SITE_ASSET}');`;
}
