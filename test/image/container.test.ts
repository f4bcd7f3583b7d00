/**
 * Images of the shape of mote's in real engines: loaded, inspected, run; and the same out of Dockerfile.scratch.
 * The executable in them is a stand-in; image.test.ts has the real one.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { present } from '../../scripts/command-path.ts';
import { moteImage, type Parts, runConfig } from '../../scripts/oci/image.ts';
import { archive, image, type TarFile } from '../../scripts/oci/oci.ts';
import { debian } from '../../scripts/test/lacking.ts';
import { catProgram } from '../support/cat-program.ts';
import { folder, noEngine, podman, skopeo } from '../support/engine.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const product = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const config = runConfig(product);
const skip = noEngine || (process.arch !== 'x64' && 'the program in the images is for x86-64');

const file = (path: string, mode: number, content: string | Uint8Array): TarFile => ({
  path,
  mode,
  bytes: Buffer.from(content),
});

/** Images of the shape of mote's in which the executable is the cat program. */
const standIns = (['amd64', 'arm64'] as const).map((architecture) => {
  const parts: Parts = {
    architecture,
    executable: catProgram(),
    caBundle: Buffer.from('the CA bundle\n'),
    site: [file('index.html', 0o644, '<p>hello\n'), file('deep/grüße.html', 0o644, '<p>grüße\n')],
  };
  return moteImage(parts, product, 1_700_000_000);
});

/** Writes an archive; returns its path. */
function save(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const runOnce = (...args: string[]) => podman('run', '--rm', '--network', 'none', '--read-only', ...args);

describe('an archive for two architectures', { skip }, () => {
  const path = save('two.tar', archive(standIns, 'mote:test'));

  for (const architecture of ['amd64', 'arm64']) {
    test(`skopeo reads it as OCI layout for ${architecture}`, async () => {
      const reference = `oci-archive:${path}`;
      const text = await skopeo('inspect', '--override-arch', architecture, reference);
      assert.equal(JSON.parse(text).Architecture, architecture);
      assert.equal(JSON.parse(text).Layers.length, 3);
    });
  }

  for (const [tag, architecture] of [
    ['mote:test', 'amd64'],
    ['mote:test-arm64', 'arm64'],
  ] as const) {
    test(`skopeo reads ${tag} as docker archive`, async () => {
      const text = await skopeo('inspect', `docker-archive:${path}:${tag}`);
      const { Architecture, Layers, Labels, Created } = JSON.parse(text);
      assert.deepEqual(
        { Architecture, layers: Layers.length, Labels, Created },
        { Architecture: architecture, layers: 3, Labels: config.labels, Created: '2023-11-14T22:13:20Z' },
      );
    });
  }

  test('podman load takes the one for this machine, which runs', async () => {
    assert.match(await podman('load', '-i', path), /Loaded image: docker\.io\/library\/mote:test\n/);
    const shown = await runOnce('mote:test', 'etc/ssl/certs/ca-certificates.crt', 'web_root/index.html');
    assert.equal(shown, 'the CA bundle\n<p>hello\n');
    assert.equal(await runOnce('mote:test', '/web_root/deep/grüße.html'), '<p>grüße\n');
    const status = await runOnce('--cap-drop', 'all', 'mote:test', '/proc/self/status', '/proc/self/environ');
    assert.match(status, /^Uid:\t65532\t65532\t65532\t65532\nGid:\t65532\t65532\t65532\t65532$/m);
    assert.match(status, /(^|\0)SSL_CERT_FILE=\/etc\/ssl\/certs\/ca-certificates\.crt\0/m);
    await assert.rejects(runOnce('mote:test', '/bin/sh'), { code: 1 });
  });

  test('podman keeps the health check of the docker archive', async () => {
    await podman('pull', '--quiet', `docker-archive:${path}:mote:test`);
    const { Healthcheck } = await inspect('localhost/mote:test');
    assert.deepEqual(Healthcheck, { Test: ['CMD', '/mote', 'healthcheck'], StartPeriod: 10_000_000_000 });
  });
});

interface Inspected {
  readonly Config: {
    readonly User: string;
    readonly ExposedPorts: object;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly Healthcheck: object;
  readonly RootFS: { readonly Layers: readonly string[] };
}

async function inspect(name: string): Promise<Inspected> {
  return JSON.parse(await podman('image', 'inspect', name))[0];
}

test('an image of one file and no settings loads and runs', { skip }, async () => {
  const layers = [{ files: [file('cat', 0o755, catProgram())] }];
  const made = image({ architecture: 'amd64', layers, config: { entrypoint: ['/cat'] } });
  await podman('load', '-i', save('minimal.tar', archive([made], 'minimal')));
  assert.match(await runOnce('minimal', '/proc/self/status'), /^Name:\tcat\n/);
});

const busybox = staticBusybox();

function staticBusybox(): Buffer | undefined {
  if (!present('busybox')) return undefined;
  const path = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  const bytes = readFileSync(path);
  return bytes.includes('/ld-linux') ? undefined : bytes;
}

/** Stands in for npm and Node in the build stage: checks what is there at each step, makes what they would. */
const npm = `#!/bin/sh
set -eu
case "$*" in
ci)
  test "$(echo *)" = 'package-lock.json package.json'
  mkdir node_modules
  ;;
'run build -- --out dist/mote')
  for wanted in src scripts web_root tsconfig.json LICENSE; do test -e $wanted; done
  for ignored in .git .ci bench dist test README.md src/cli/main.test.ts; do test ! -e $ignored; done
  mkdir dist
  cp /cat dist/mote
  chmod 700 dist/mote
  chmod 600 web_root/index.html
  ;;
*) exit 1 ;;
esac
`;
const node = `#!/bin/sh
test "$1 $2" = 'scripts/launch/node.mjs scripts/oci/ca-bundle.ts'
test -e "$1"
test -e "$2"
echo 'the CA bundle' > "$3"
`;
const applet = (name: string) => `#!/bin/sh\nexec /bin/busybox ${name} "$@"\n`;

test('Dockerfile.scratch makes the same image', {
  skip: skip || (!busybox && `no static busybox ${debian(['busybox-static'])}`),
}, async () => {
  await loadNodeImage(busybox ?? Buffer.alloc(0));
  await podman(
    'build',
    '--quiet',
    '--format',
    'docker',
    '--tag',
    'localhost/built',
    '--network',
    'none',
    '--build-arg',
    'NODE_IMAGE=docker.io/library/node-stand-in',
    '--pull-never',
    '--file',
    join(repository, 'Dockerfile.scratch'),
    repository,
  );
  await podman('pull', '--quiet', `docker-archive:${save('one.tar', archive(standIns.slice(0, 1), 'made'))}`);
  const [built, made] = [await inspect('localhost/built'), await inspect('localhost/made')];
  assert.deepEqual(settings(built), settings(made));
  assert.equal(built.RootFS.Layers.length, made.RootFS.Layers.length);
  const shown = await runOnce('localhost/built', 'etc/ssl/certs/ca-certificates.crt', 'web_root/index.html');
  assert.equal(shown, `the CA bundle\n${readFileSync(join(repository, 'web_root/index.html'), 'utf8')}`);
});

/** An image to begin the build with: a shell, and stand-ins for npm and Node. */
async function loadNodeImage(shell: Buffer): Promise<void> {
  const files = [
    ...['bin/busybox', 'bin/sh'].map((path) => file(path, 0o755, shell)),
    ...['mkdir', 'cp', 'chmod'].map((name) => file(`bin/${name}`, 0o755, applet(name))),
    file('bin/npm', 0o755, npm),
    file('bin/node', 0o755, node),
    file('cat', 0o755, catProgram()),
  ];
  const made = image({
    architecture: 'amd64',
    layers: [{ files, createdBy: 'test' }],
    config: { entrypoint: ['/bin/sh'], env: { PATH: '/bin' } },
  });
  await podman('load', '-i', save('node.tar', archive([made], 'node-stand-in')));
}

/** What both ways of making an image must agree on. */
function settings({ Config, Healthcheck }: Inspected): object {
  // podman adds to what it builds.
  const { 'io.buildah.version': _, ...labels } = Config.Labels;
  const env = Config.Env.filter((entry) => !entry.startsWith('PATH='));
  const { User, ExposedPorts, Entrypoint, WorkingDir } = Config;
  return { User, ExposedPorts, Entrypoint, WorkingDir, labels, env, Healthcheck };
}
