/**
 * `npm run fuzz:tiny -- [--seconds N] [NAME…]`: libFuzzer on the host of mote-tiny, with AddressSanitizer and
 * UndefinedBehaviorSanitizer. `binding` is what it does with the bytes of strangers, `tls` what it does with a peer
 * whose records are changed on their way. What was learned is kept in the cache, so that the next run goes on from
 * there; an input that fails is kept beside it, and its path finds the fault again: `--input FILE`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as certificates from '../../../test/support/certificates.ts';
import { runBuild } from '../../build-command.ts';
import { REPOSITORY } from '../../bundle/bundle.ts';
import { parseArguments, TinyError, TinyUsageError } from '../arguments.ts';
import { assetsSource } from '../assets.ts';
import { bindingHeader, bindingSource } from '../binding-header.ts';
import { checkedCompiler, checkedUnits } from '../checked.ts';
import { filterSource } from '../filter.ts';
import { compileAll, type Unit } from '../objects.ts';
import { runTool } from '../run-tool.ts';
import { mbedtls, quickjs, unpackSources, zlib } from '../sources.ts';
import { type Folders, foreignUnits, hostUnits } from '../units.ts';
import { seeds } from './seeds.ts';

const FOLDER = join(REPOSITORY, 'scripts/tiny/fuzz');
const NAMES = ['binding', 'tls'] as const;
type Name = (typeof NAMES)[number];
/** An input that takes longer, or needs more memory, is a finding. */
const INPUT_LIMIT_SECONDS = 20;
const MEMORY_LIMIT_MB = 2048;
const INPUT_BYTES = 2048;
/** Of the host's files those that the fuzzer includes itself, or stands in for. */
const REPLACED: Readonly<Record<Name, RegExp>> = {
  binding: /\/(main|socket|binding)\.c$/,
  tls: /\/(main|binding)\.c$/,
};
const SOURCE: Readonly<Record<Name, string>> = { binding: 'bytes.c', tls: 'tls.c' };
const WRAPPED: Readonly<Record<Name, readonly string[]>> = { binding: [], tls: ['-Wl,--wrap=getrandom'] };

const USAGE = `usage: npm run fuzz:tiny -- [OPTIONS] [${NAMES.join('|')}]

  --seconds N    how long each of them runs; 60 where it is left out
  --input FILE   only this input, which an earlier run found
  --replay       only the seeds, built by gcc: for machines without clang
  --cache DIR    as for npm run tiny
`;

interface FuzzOptions {
  readonly names: readonly Name[];
  readonly seconds: number;
  readonly input: string | undefined;
  readonly replay: boolean;
  readonly cache: string;
}

function parse(args: readonly string[]): FuzzOptions | 'help' {
  const { values, positionals } = parseFlags(args);
  if (values.help) return 'help';
  const tiny = parseArguments(values.cache === undefined ? [] : ['--cache', values.cache]);
  const unknown = positionals.find((name) => !NAMES.includes(name as Name));
  const seconds = Number(values.seconds);
  if (unknown !== undefined)
    throw new TinyUsageError(`${unknown} cannot be fuzzed; ${NAMES.join(' and ')} can`);
  if (!(Number.isInteger(seconds) && seconds > 0))
    throw new TinyUsageError(`--seconds: ${values.seconds}; a whole number above 0 is needed`);
  const input = values.input === undefined ? undefined : resolve(values.input);
  if (input !== undefined && positionals.length !== 1) throw new TinyUsageError('--input: of which fuzzer?');
  const names = positionals.length > 0 ? (positionals as Name[]) : NAMES;
  return { names, seconds, input, replay: values.replay, cache: tiny === 'help' ? '' : tiny.cache };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '60' },
        input: { type: 'string' },
        replay: { type: 'boolean', default: false },
        cache: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new TinyUsageError((error as Error).message);
  }
}

async function build({ names, seconds, input, replay, cache }: FuzzOptions): Promise<void> {
  const generated = mkdtempSync(join(tmpdir(), 'mote-fuzz-'));
  try {
    for (const name of names) {
      const program = await compile(name, replay ? 'sanitize' : 'fuzz', cache, generated);
      const seedPaths = writeSeeds(name, generated);
      if (replay) replaySeeds(name, program, seedPaths);
      else
        fuzz(name, program, {
          seconds,
          input,
          seeds: dirname(seedPaths[0] ?? ''),
          kept: join(cache, 'fuzz', name),
        });
    }
  } finally {
    rmSync(generated, { recursive: true, force: true });
  }
}

async function compile(
  name: Name,
  kind: 'sanitize' | 'fuzz',
  cache: string,
  generated: string,
): Promise<string> {
  const compiler = checkedCompiler(kind);
  const pins = [quickjs, mbedtls, zlib];
  const [engine = '', tls = '', inflate = ''] = unpackSources(pins, { sources: undefined, cache });
  const folders: Folders = {
    repository: REPOSITORY,
    quickjs: engine,
    mbedtls: tls,
    zlib: inflate,
    generated,
  };
  writeFileSync(join(generated, 'binding.h'), bindingHeader());
  writeFileSync(join(generated, 'binding.c'), bindingSource());
  writeFileSync(join(generated, 'filter.c'), filterSource());
  writeFileSync(join(generated, 'certificates.h'), certificateHeader());
  writeFileSync(join(generated, 'assets.c'), assetsSource([]));
  const host = hostUnits(folders);
  const included = host.filter(({ path }) => REPLACED[name].test(path)).map(({ path }) => path);
  const texts = [join(FOLDER, 'support.h'), ...included].toSorted().map((path) => readFileSync(path, 'utf8'));
  const first = host[0] as Unit;
  const headers = first.headers + texts.join('') + certificateHeader();
  const sources = kind === 'sanitize' ? [SOURCE[name], 'replay.c'] : [SOURCE[name]];
  const own = sources.map((source) => ({ ...first, path: join(FOLDER, source), headers }));
  const kept = [...host.filter(({ path }) => !REPLACED[name].test(path)), ...own];
  const units = checkedUnits([...kept, ...foreignUnits(folders)], host);
  const objects = await compileAll(units.map(withServer), compiler, cache, () => undefined);
  const program = join(generated, name);
  runTool(compiler.command, compiler.link([...WRAPPED[name], ...objects], program));
  return program;
}

/** With the configuration of the TLS library that has a server, too. */
function withServer(unit: Unit): Unit {
  const headers = unit.headers + readFileSync(join(FOLDER, 'mbedtls_config.h'), 'utf8');
  const flags = unit.flags.map((flag) =>
    flag.replace('"tiny/mbedtls_config.h"', '"tiny/fuzz/mbedtls_config.h"'),
  );
  return { ...unit, flags, headers };
}

/** The certificates of the tests, as arrays of their DER. */
function certificateHeader(): string {
  const { authority, certificate, certificateForOther, expiredCertificate, key } = certificates;
  const all = { authority, right: certificate, other: certificateForOther, expired: expiredCertificate, key };
  return Object.entries(all)
    .map(([name, pem]) => {
      const der = Buffer.from(pem.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64');
      return `static const uint8_t ${name}_der[] = {${[...der].join()}};\n`;
    })
    .join('');
}

/** Returns their paths. */
function writeSeeds(name: Name, generated: string): string[] {
  const folder = join(generated, `seeds-${name}`);
  mkdirSync(folder);
  return Object.entries(seeds[name]).map(([title, text]) => {
    const path = join(folder, title);
    writeFileSync(path, Buffer.from(text, 'base64'));
    return path;
  });
}

function replaySeeds(name: Name, program: string, paths: readonly string[]): void {
  runTool(program, paths);
  process.stdout.write(`${name}: ${paths.length} seeds, nothing found\n`);
}

interface Run {
  readonly seconds: number;
  readonly input: string | undefined;
  /** A folder. */
  readonly seeds: string;
  readonly kept: string;
}

function fuzz(name: Name, program: string, { seconds, input, seeds: folder, kept }: Run): void {
  const [corpus, found] = [join(kept, 'corpus'), join(kept, 'found')];
  for (const place of [corpus, found]) mkdirSync(place, { recursive: true });
  const limits = [
    `-max_total_time=${seconds}`,
    `-timeout=${INPUT_LIMIT_SECONDS}`,
    `-rss_limit_mb=${MEMORY_LIMIT_MB}`,
    `-max_len=${INPUT_BYTES}`,
    '-len_control=0',
    `-artifact_prefix=${found}/`,
    '-print_final_stats=1',
  ];
  const inputs = input === undefined ? [corpus, folder] : [input];
  process.stdout.write(`fuzzing ${name} for ${seconds} s\n`);
  const { status, stderr } = spawnSync(program, [...limits, ...inputs], {
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    // Arithmetic allocates a lot: with whole stacks a handshake takes several times as long.
    env: { ...process.env, ASAN_OPTIONS: 'malloc_context_size=3:quarantine_size_mb=16' },
  });
  if (status !== 0) {
    process.stderr.write(stderr.split('\n').slice(-60).join('\n'));
    throw new TinyError(`${name}: a fault was found; its input is in ${found}`);
  }
  const count = /number_of_executed_units: (\d+)/.exec(stderr)?.[1] ?? '0';
  const coverage = /cov: (\d+)/g[Symbol.matchAll](stderr);
  process.stdout.write(`${name}: ${count} inputs, ${[...coverage].at(-1)?.[1] ?? 0} edges, nothing found\n`);
}

const command = {
  name: 'fuzz:tiny',
  usage: USAGE,
  parse,
  build,
  errors: [TinyError],
  wrongUse: TinyUsageError,
};

if (import.meta.main) process.exitCode = await runBuild(command, process.argv.slice(2));
