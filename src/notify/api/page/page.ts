/**
 * The page for people: `GET /notify` in a browser. One document with everything inside and a policy that lets nothing
 * else run. It sends (`page.js`) the same requests as every other client.
 */
import { createHash } from 'node:crypto';
import type { Plan, Stage } from '../../../http/types.ts';
import { NOTIFY_PATH } from '../handler.ts';
import { markup, script, style } from './assets.ts';
import { inLanguage, type Language, languageOf } from './strings.ts';

/** To be mounted after the stage of the handler, which handles the requests that send. */
export function createPageStage(): Stage {
  /** Each is made when it is asked for first. */
  const pages = new Map<Language, Plan>();
  return ({ method, path, headers }) => {
    if (path !== NOTIFY_PATH || (method !== 'GET' && method !== 'HEAD')) return undefined;
    const language = languageOf(headers['accept-language']);
    const page = pages.get(language) ?? pagePlan(language);
    pages.set(language, page);
    return page;
  };
}

function pagePlan(language: Language): Plan {
  const bytes = Buffer.from(assemble(language));
  const headers = [
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Length',
    String(bytes.length),
    'Content-Security-Policy',
    policy(),
    'X-Content-Type-Options',
    'nosniff',
    'Referrer-Policy',
    'no-referrer',
    // The back button must not bring back a token that was typed in.
    'Cache-Control',
    'no-store',
    'Vary',
    'Accept-Language',
  ];
  return { status: 200, headers, body: { kind: 'bytes', bytes }, overridesDefaults: true };
}

function assemble(language: Language): string {
  return inLanguage(markup, language)
    .replace('<link rel="stylesheet" href="page.css">', () => `<style>${style}</style>`)
    .replace('<script type="module" src="page.js">', () => `<script type="module">${script}`);
}

/** A policy of the operator is for other pages: here it would block the script or allow too much. */
function policy(): string {
  const sources = [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ];
  return sources.join('; ');
}

/** The source expression for an inline script or style (CSP Level 3 §2.3.1). */
function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
