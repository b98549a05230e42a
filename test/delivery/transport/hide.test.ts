import { describe, expect, test } from 'vitest';
import { hide, secretsIn } from '../../../src/delivery/transport/hide.ts';

const url = new URL(
  'https://us:pass%40word@example.com/hooks/abcdefgh/abcdefghijk?key=to%20ken%20to%20ken&a=1',
);

describe('a secret that a receiver repeats', () => {
  test.each([
    ['no abcdefghijk here', 'no *** here'],
    ['no abcdefgh here', 'no *** here'],
    ['GET /hooks/abcdefgh/abcdefghijk?key=to%20ken%20to%20ken&a=1', 'GET ***'],
    ['key "to ken to ken"', 'key "***"'],
    ['password pass@word', 'password ***'],
    ['Bearer 0123456789', '***'],
    ['token 0123456789', 'token ***'],
    ['hooks of a', 'hooks of a'],
  ])('is hidden: %s is said as %s', (text, said) => {
    expect(hide(text, secretsIn(url, { authorization: 'Bearer 0123456789' }))).toBe(said);
  });
});
