/**
 * Image names: the grammar of the OCI distribution specification, with the parts that Docker makes optional.
 */

export interface Reference {
  /** As people write it: `mote:latest`. */
  readonly familiar: string;
  /** As stores keep it: `docker.io/library/mote:latest`. */
  readonly canonical: string;
  readonly tag: string;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const registry = /^(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+:\d+)\//;
const nameAndTag = new RegExp(`^(${component}(?:/${component})*)(?::(\\w[\\w.-]{0,127}))?$`);

/** Parses `[REGISTRY/]NAME[:TAG]`; the tag defaults to `latest`. Throws on anything else. */
export function parseReference(text: string): Reference {
  const host = registry.exec(text)?.[0] ?? '';
  const [, name, tag = 'latest'] = nameAndTag.exec(text.slice(host.length)) ?? [];
  if (name === undefined) throw new Error(`${JSON.stringify(text)} is no image name; mote:latest is one`);
  const library = name.includes('/') ? 'docker.io/' : 'docker.io/library/';
  return { familiar: `${host}${name}:${tag}`, canonical: `${host || library}${name}:${tag}`, tag };
}
