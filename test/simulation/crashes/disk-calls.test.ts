import { expect, test } from 'vitest';
import { diskCallFaults } from './disk-calls.ts';

test.each([1, 2, 3, 4, 5, 6])(
  'a crash before any call of the disk within a commit loses nothing that was answered (seed %i)',
  async (seed) => {
    expect(await diskCallFaults(seed)).toEqual([]);
  },
);
