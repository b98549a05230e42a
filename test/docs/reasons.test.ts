import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CLOSE_REASONS, REASONS } from '../../src/core/model/reasons.ts';

const [page, closing] = readFileSync(new URL('../../docs/reasons.md', import.meta.url), 'utf8').split(
  '## Why an incident closed',
) as [string, string];

/** Maps the first cell of each row to the others. */
function rowsOf(text: string): Map<string, string[]> {
  const rows = Array.from(text.matchAll(/^\| `(\w+)` *\| (.*) \|$/gm), (match): [string, string[]] => [
    match[1]!,
    match[2]!.split(' | ').map((cell) => cell.trim()),
  ]);
  expect(new Set(rows.map(([reason]) => reason)).size).toBe(rows.length);
  return new Map(rows);
}

test('docs/reasons.md explains every reason, in the order of the code, and says what to do', () => {
  const rows = rowsOf(page);
  expect([...rows.keys()]).toEqual([...REASONS]);
  for (const cells of rows.values())
    expect(cells).toEqual([expect.stringMatching(/\.$/), expect.stringMatching(/\.$/)]);
});

test('docs/reasons.md explains every reason for which an incident closes', () => {
  const rows = rowsOf(closing);
  expect([...rows.keys()]).toEqual([...CLOSE_REASONS]);
  for (const cells of rows.values()) expect(cells).toEqual([expect.stringMatching(/\.$/)]);
});

test('is what the page at /docs/reasons was made from (node scripts/generate-reasons.mjs)', async () => {
  const url = new URL('../../scripts/generate-reasons.mjs', import.meta.url).href;
  const { generate, PAGE } = (await import(url)) as { generate: () => Promise<string>; PAGE: string };
  const written = readFileSync(new URL(`../../${PAGE}`, import.meta.url), 'utf8');
  expect(written).toBe(await generate());
  const anchors = Array.from(written.matchAll(/ id="([^"]+)"/g), (match) => match[1]);
  expect(anchors).toEqual([...REASONS, ...CLOSE_REASONS.map((reason) => `closed-${reason}`)]);
});
