/** Texts that could block the event loop, hostile ones and honest ones. */

export const filled = (bytes: number, piece: string) =>
  piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)));

/** A release note as programs write them. */
export const release = (units: number) =>
  filled(
    units,
    `## v1.2.0 (2026-01-01)

This brings **faster starts**, see the [notes](https://example.com/docs/notes#order) *below*.

${filled(1200, '- **http:** answer `HEAD` at once ([#1](https://github.com/a/b/issues/1)) ([abcdef0](https://github.com/a/b/commit/abcdef0))\n')}
* fix _crash_ of an empty file, closes [#2](https://github.com/a/b/issues/2)

\`\`\`sh
docker run -p 8080:8080 mote:1.2.0 --listing
\`\`\`

| before | after |
|---|---|
| 80 ms | 12 ms |

> **Note** upgrade before March.

`,
  );

export const hostileMarkdown = [
  '*a_',
  '[',
  '![',
  '`a``',
  '> ',
  '- - ',
  '- a\n\n',
  '|a|\n|-|\n|',
  '*\u200d"',
  '``~\t\\',
  '_|-|\n|-|\n``<a',
  '`\n\n',
  '\n=',
  '\u0301',
  '\u{1f1e9}',
  '```\n',
  'https://a.example/',
];

export const hostileReadmes = [
  '`\n\n',
  '\n=',
  '*a_',
  '- a\n',
  '|a|\n|-|\n|',
  '*\u200d"',
  '> ',
  '<!--',
  '# <a>\n',
  '<a ',
];
