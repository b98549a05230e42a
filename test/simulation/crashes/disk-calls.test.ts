import { expect, test } from 'vitest';
import { repetitions } from '../../support/repetitions.ts';
import { diskCallFaults } from './disk-calls.ts';

test.each(Array.from({ length: repetitions(2, 6) }, (_, index) => index + 1))(
  'a crash before any call of the disk within a commit loses nothing that was answered (seed %i)',
  async (seed) => {
    expect(await diskCallFaults(seed)).toEqual([]);
  },
);
