/**
 * The page for people in the place of an error's line of text, like `web_root/404.html` but smaller. Nothing in it
 * comes from the request.
 */
import { prefersPage } from '../util/accept.ts';
import { styledPlan } from './reply.ts';
import type { Plan, RequestFacts } from './types.ts';

const STYLE = `:root{--paper:#fbf9f4;--ink:#221d16;--glow:#ffd48a}
@media(prefers-color-scheme:dark){:root{--paper:#14120f;--ink:#f1ebe0;--glow:#6b4108}}
body{display:grid;place-content:center;min-height:100vh;margin:0;text-align:center;color:var(--ink);
font:1rem/1.6 system-ui,sans-serif;background:radial-gradient(circle at 50% 42%,var(--glow),7rem,transparent 30rem) var(--paper)}
b{font-size:clamp(6rem,30vw,11rem);line-height:1}
h1{margin:.5rem 1rem;font-size:1.5rem}p{margin:0 1rem;max-width:34rem}`;

/** What a person can make of it. */
const hints: Readonly<Record<number, string>> = {
  400: 'The browser and the server do not understand each other.',
  401: 'A name and a password are needed here.',
  403: 'The server may not read what is at this address.',
  404: 'There is nothing at this address. It has moved, or it was never here.',
  405: 'This can only be read, not changed.',
  408: 'It took too long. Try again.',
  413: 'What was sent is too large.',
  414: 'The address is too long.',
  429: 'Too many at once. Try again in a while.',
  431: 'The browser sent too much; deleting the cookies of this site may help.',
  500: 'The server made a mistake. Its log says more.',
  503: 'The server has too much to do. Try again in a moment.',
};

/** `plan`, or the page for it if it is an error without a document of its own and the client prefers HTML. */
export function forReader(plan: Plan, { accept }: RequestFacts['headers']): Plan {
  if (plan.phrase === undefined || accept === undefined || !prefersPage(accept)) return plan;
  const { phrase, ...rest } = plan;
  const { status, headers } = rest;
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${status} ${phrase}</title>
<style>${STYLE}</style>
<main>
<b aria-hidden="true">${status}</b>
<h1>${phrase}</h1>
<p>${hints[status] ?? ''}</p>
</main>
</html>
`;
  const kept = headers.filter((_, index) => !OF_PAGE.test(headers[index - (index % 2)] as string));
  return { ...rest, ...styledPlan(status, html, STYLE, kept) };
}

const ACCEPT = /\r\naccept:([^\r\n]*)/i;

/** The same for a head that is refused before it is read as a whole: browsers send `Accept` before their cookies. */
export function forWriterOf(head: string, plan: Plan): Plan {
  return forReader(plan, { accept: ACCEPT.exec(head)?.[1] });
}

/** What {@link styledPlan} says itself. */
const OF_PAGE = /^(?:content-(?:type|length|security-policy)|cache-control)$/i;
