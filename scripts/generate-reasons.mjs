/**
 * Writes `assets/docs/reasons.html`, the page at `/docs/reasons`, from `docs/reasons.md`. Each reason has an anchor of
 * its name there, which answers and messages lead to, and the page works without the internet. A reason for which an
 * incident closes has the anchor `closed-REASON`, because some of them are reasons of other things, too.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';

const root = new URL('../', import.meta.url);
export const PAGE = 'assets/docs/reasons.html';
const CLOSING = 'Why an incident closed';

/** @returns {Promise<string>} the text of the page */
export async function generate() {
  const markdown = await readFile(new URL('docs/reasons.md', root), 'utf8');
  let section = '';
  const parts = markdown.split('\n').map((line) => {
    if (line.startsWith('## ')) section = line.slice(3);
    return partOf(line, section);
  });
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Cronflow: reasons</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/docs.css" />
  </head>
  <body>
    <main>${parts.join('\n')}<p><a href="/docs">The HTTP API</a></p></main>
  </body>
</html>
`;
  return prettier.format(html, { parser: 'html', printWidth: 110 });
}

function partOf(line, section) {
  if (line.startsWith('## ')) return `<h2 class="plain">${inline(line.slice(3))}</h2>`;
  if (line.startsWith('# ')) return `<h1>${inline(line.slice(2))}</h1>`;
  const [, reason, rest] = /^\| `(\w+)` *\| (.*) \|$/.exec(line) ?? [];
  if (reason !== undefined) return reasonOf(reason, rest.split(' | '), section);
  return line === '' || line.startsWith('|') ? '' : `<p>${inline(line)}</p>`;
}

function reasonOf(reason, [meaning, remedy], section) {
  const id = section === CLOSING ? `closed-${reason}` : reason;
  const what = remedy === undefined ? '' : `<p><strong>What to do:</strong> ${inline(remedy.trim())}</p>`;
  return `<section id="${id}"><h3><a href="#${id}">${reason}</a></h3><p>${inline(meaning.trim())}</p>${what}</section>`;
}

/** Writes code and links. A link to another page of the repository, which is not served, stays as its name. */
function inline(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, (_, name) => `<code>docs/${name}</code>`);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeFile(new URL(PAGE, root), await generate());
