/**
 * Cuts the registry of media types (mime-db) down to what a look-up by extension in mime-types can give: of
 * each type the extensions that it wins against other types, and its charset. That is a fifth of it.
 */
import mime from 'mime-types';

/** What mime-types reads of an entry. */
export interface MediaType {
  readonly extensions?: readonly string[];
  readonly charset?: string;
}

export type MediaTypes = Readonly<Record<string, MediaType>>;

/** `db` is the registry of the installed mime-db. */
export function reduceMediaTypes(db: MediaTypes): MediaTypes {
  const reduced: [type: string, MediaType][] = [];
  for (const [type, { extensions = [], charset }] of Object.entries(db)) {
    const won = extensions.filter((extension) => mime.types[extension] === type);
    if (won.length > 0) reduced.push([type, { extensions: won, ...(charset && { charset }) }]);
  }
  return Object.fromEntries(reduced);
}
