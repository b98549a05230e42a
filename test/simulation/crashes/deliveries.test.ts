import { expect, test } from 'vitest';
import { deliveryFaults } from './deliveries.ts';

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'every message arrives, whenever Cronflow dies and however the clock is set back (seed %i)',
  async (seed) => {
    expect(await deliveryFaults(seed)).toEqual([]);
  },
);
