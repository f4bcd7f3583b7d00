/**
 * The text of `mote --licenses`: what is inside, under which license, with the full texts. Those of npm
 * packages and of Node come from node_modules, the others from `licenses/`, so that no build depends on what
 * the machine has in its documentation.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildInfo } from '../../src/build/info.ts';

/** One thing that is inside. */
interface Component {
  readonly title: string;
  /** What it is and what follows from its license, in a sentence or two. */
  readonly about: string;
  /** Paths from the root of the repository. */
  readonly texts: readonly string[];
}

const WIDTH = 78;

const gcc: Component = {
  title: 'libstdc++ and libgcc',
  about:
    'The runtime libraries of GCC, under the GNU General Public License 3 with the GCC Runtime Library\n' +
    'Exception 3.1, which permits programs under any license to contain them.',
  texts: ['licenses/gcc.txt', 'licenses/GCC-exception-3.1.txt', 'licenses/GPL-3.0.txt'],
};

const glibc: Component = {
  title: 'The GNU C Library',
  about:
    'Its shared libraries and its loader are inside, unmodified, under the GNU Lesser General Public License\n' +
    '2.1. `mote --version --json` names the version; the source code is that of the distribution with this\n' +
    'version, or at https://sourceware.org/glibc/. Whoever wants another version inside builds mote, which is\n' +
    'free software, on a machine that has it.',
  texts: ['licenses/glibc.txt', 'licenses/LGPL-2.1.txt'],
};

const musl: Component = {
  title: 'musl',
  about: 'The C library inside, under the MIT license.',
  texts: ['licenses/musl.txt'],
};

const tinyParts: readonly Component[] = [
  {
    title: 'QuickJS',
    about: 'The JavaScript engine inside, unmodified, under the MIT license.',
    texts: ['licenses/quickjs.txt'],
  },
  {
    title: 'Mbed TLS',
    about: 'The TLS library inside, unmodified; of its two licenses mote chooses the Apache License 2.0.',
    texts: ['licenses/mbedtls.txt'],
  },
  {
    title: 'zlib',
    about: 'What decompresses, unmodified, under the zlib license.',
    texts: ['licenses/zlib.txt'],
  },
  musl,
  {
    title: 'libgcc',
    about:
      'Helpers of the compiler, under the GNU General Public License 3 with the GCC Runtime Library Exception\n' +
      '3.1, which permits programs under any license to contain them.',
    texts: ['licenses/GCC-exception-3.1.txt'],
  },
];

/** Everything in what is built on `base` from the repository at `root`. */
export function licensesFor(base: BuildInfo['base'], root: string): string {
  const sections = componentsOf(base, root).map(({ title, about, texts }) => {
    const full = texts.map((path) => readFileSync(join(root, path), 'utf8').trim());
    return `${title}\n${'='.repeat(WIDTH)}\n\n${[about, ...full].join(`\n\n${'-'.repeat(WIDTH)}\n\n`)}\n`;
  });
  return sections.join('\n\n');
}

function componentsOf(base: BuildInfo['base'], root: string): Component[] {
  const own = { title: 'mote', about: 'This program, under the MIT license.', texts: ['LICENSE'] };
  const bundled = [own, ...bundledPackages(root).map((name) => packageOf(name, licenseLine(name, root)))];
  const node = { title: 'Node.js', about: 'With all that it contains itself.', texts: [nodeLicense(root)] };
  switch (base) {
    case 'source':
    case 'bundle':
      return bundled;
    case 'tiny':
      return [...bundled, ...tinyParts];
    case 'seal':
      return [...bundled, node, glibc, gcc];
    case 'pkg':
      return [
        ...bundled,
        node,
        packageOf('@yao-pkg/pkg', 'Starts the program, under the MIT license.'),
        musl,
        gcc,
      ];
  }
}

function licenseLine(name: string, root: string): string {
  const { license } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
  return `Under the ${license} license.`;
}

function packageOf(name: string, about: string): Component {
  return { title: name, about, texts: [`node_modules/${name}/LICENSE`] };
}

/** The npm packages that a bundle can contain: the dependencies of mote and theirs, sorted. */
export function bundledPackages(root: string): string[] {
  const found = new Set<string>();
  const visit = (folder: string) => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
      if (found.has(name)) continue;
      found.add(name);
      visit(`node_modules/${name}`);
    }
  };
  visit('');
  return [...found].toSorted();
}

/** Every package of the locked Node, whatever system it is for, has the same text. */
function nodeLicense(root: string): string {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const paths = Object.keys(optionalDependencies).map((name) => `node_modules/${name}/LICENSE`);
  const path = paths.find((candidate) => existsSync(join(root, candidate)));
  if (path === undefined)
    throw new Error(`no license of Node: none of ${paths.join(', ')} is here; run npm ci`);
  return path;
}
