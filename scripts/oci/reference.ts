/** Names of images: the grammar of the OCI distribution specification, and the parts that Docker lets people leave out. */

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

/** Reads `[REGISTRY/]NAME[:TAG]`; the tag is `latest` where none is given. Throws on anything else. */
export function parseReference(text: string): Reference {
  const host = registry.exec(text)?.[0] ?? '';
  const [, name, tag = 'latest'] = nameAndTag.exec(text.slice(host.length)) ?? [];
  if (name === undefined) throw new Error(`${JSON.stringify(text)} is no image name; mote:latest is one`);
  const library = name.includes('/') ? 'docker.io/' : 'docker.io/library/';
  return { familiar: `${host}${name}:${tag}`, canonical: `${host || library}${name}:${tag}`, tag };
}
