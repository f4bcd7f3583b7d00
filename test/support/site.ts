/** A site with rules, and what requests to it lead to. */
import type { TestContext } from 'node:test';
import { makeFolder, type Tree } from './folder.ts';
import { type Response, request } from './raw.ts';
import { type Server, startForTest } from './target.ts';

export const site: Tree = {
  'index.html': 'index',
  'page.html': 'page',
  'old.html': 'old',
  '404.html': 'nothing',
  'en/404.html': 'nothing in English',
  'docs/index.html': 'docs',
  'app/index.html': 'app',
  'app/main.js': 'script',
  'logo.png': 'logo',
  'empty/a.txt': 'a',
  '.well-known/x.txt': 'known',
};

export function serveSite(t: TestContext, rules: Tree, args: readonly string[] = []): Promise<Server> {
  return startForTest(t, { root: makeFolder({ ...site, ...rules }), args });
}

/** What a browser would ask for next: the path of the site, or the URL of another host. */
function resolved(response: Response, path: string): string {
  const url = new URL(response.header('location') ?? '', `http://site.test${path}`);
  return url.href.replace(/^http:\/\/site\.test/, '');
}

/** `301 /b` for a redirect, else status and text. */
export async function outcome(server: Server, path: string): Promise<string> {
  const response = await request(server, path);
  if (response.header('location') !== undefined) return `${response.status} ${resolved(response, path)}`;
  return `${response.status} ${response.text.trim()}`;
}

export const NOTHING = '404 nothing';
