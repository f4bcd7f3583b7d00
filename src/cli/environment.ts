/** Variables by which whoever sets the environment would change the Node inside an executable. */
import type { BuildInfo } from '../build/info.ts';
import type { Env } from '../config/system.ts';
import { StartError } from '../util/start-error.ts';

/** Read by Node, by its OpenSSL, or by what pkg adds, before any line of mote runs. */
const STEERING_VARIABLES = [
  'NODE_OPTIONS',
  'NODE_DEBUG',
  'NODE_DEBUG_NATIVE',
  'NODE_V8_COVERAGE',
  'NODE_COMPILE_CACHE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_ICU_DATA',
  'NODE_REDIRECT_WARNINGS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'OPENSSL_CONF',
  'OPENSSL_MODULES',
  'PKG_EXECPATH',
];

/**
 * Refuses them where they would have an effect. A sealed executable drops them before its Node starts; the base of pkg
 * does not. From the sources Node is the user's to steer. Throws a `StartError`.
 */
export function checkEnvironment(base: BuildInfo['base'], env: Env): void {
  const name = base === 'pkg' ? STEERING_VARIABLES.find((variable) => env[variable]) : undefined;
  if (name === undefined) return;
  throw new StartError(
    'environment_steers_node',
    `${name} is set, which would change how the Node inside this executable runs`,
    'unset it, or use an executable built with --base seal, which ignores it',
  );
}
