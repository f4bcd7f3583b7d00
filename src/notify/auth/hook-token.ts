/** Where requests to hooks carry tokens: their senders can often change nothing but the URL. Pure. */
import type { RequestFacts } from '../../http/types.ts';
import { tokenOfAuthorization } from './credentials.ts';

/** The name of the hook, and what may be a token behind it. */
const HOOK_PATH = /^\/notify\/hook\/([^/]+)(?:\/([^/]+))?\/?$/;

export interface HookPath {
  readonly name: string;
  readonly token: string | undefined;
}

/** `undefined` for every other path. */
export function hookPathOf(path: string): HookPath | undefined {
  const [, name, token] = HOOK_PATH.exec(path) ?? [];
  if (name === undefined) return undefined;
  return { name: decoded(name), token: token === undefined ? undefined : decoded(token) };
}

export interface HookTokens {
  readonly inUrl: string | undefined;
  readonly inHeaders: string | undefined;
}

/** GitLab's own header is among them. */
export function hookTokensOf({ path, query, headers }: RequestFacts): HookTokens {
  const inQuery = query === '' ? undefined : (new URLSearchParams(query).get('token') ?? undefined);
  const inHeaders = headers['x-token'] ?? headers['x-gitlab-token'];
  return {
    inUrl: hookPathOf(path)?.token ?? inQuery,
    inHeaders: inHeaders?.trim() ?? tokenOfAuthorization(headers.authorization),
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
