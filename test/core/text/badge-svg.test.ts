import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { badgeSvg } from '../../../src/core/text/badge-svg.ts';

const draw = (label: string, message = 'success'): string =>
  badgeSvg({ label, message, colour: 'brightgreen' });

const widthOf = (svg: string): number => Number(/width="(\d+)"/.exec(svg)?.[1]);

describe('the picture of a badge', () => {
  test('says in its title and in its text what the badge says', () => {
    const svg = draw('daily-backup');
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="20" role="img" aria-label="daily-backup: success">\n<title>daily-backup: success<\/title>/,
    );
    expect(svg).toContain('>daily-backup</text>');
    expect(svg).toContain('fill="#4c1"');
    expect(svg).not.toMatch(/<style|style=|href|<script/);
  });

  test('is well-formed whatever the texts are, and no text becomes a part of it', () => {
    const anyText = fc.string({
      unit: fc.constantFrom(
        'a',
        '<',
        '>',
        '&',
        '"',
        "'",
        '\u0000',
        '\u202e',
        '\ud800',
        '\ufffe',
        ' ',
        'é',
        '😀',
      ),
    });
    fc.assert(
      fc.property(anyText, anyText, (label, message) => {
        const svg = draw(label, message);
        // Of what the texts bring, only entities are left of the characters that mean something.
        const tags = [...svg.matchAll(/<\/?([a-z]+)/g)].map(([, name]) => name);
        expect(tags.join(' ')).toBe('svg title title rect rect g text text text text g svg');
        expect(svg).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#39;)/);
        for (const each of ['\u0000', '\u202e', '\ufffe']) expect(svg).not.toContain(each);
        expect(svg.isWellFormed()).toBe(true);
      }),
    );
  });

  test('is as wide as its texts, and cuts one that is very long', () => {
    expect(widthOf(draw('wwww'))).toBeGreaterThan(widthOf(draw('iiii')));
    expect(draw('x'.repeat(300))).toContain(`>${'x'.repeat(59)}\u2026</text>`);
    expect(draw('')).toContain('>-</text>');
  });
});
