import { describe, expect, test } from 'vitest';
import { overlaid } from '../../src/store/overlaid.ts';

class Counter {
  #count = 0;
  label = 'plain';

  add(by: number): number {
    this.#count += by;
    return this.#count;
  }

  get count(): number {
    return this.#count;
  }

  get closed(): never {
    throw new Error('is closed');
  }
}

class Named extends Counter {
  override add(by: number): number {
    return super.add(by * 2);
  }
}

describe('an overlaid object', () => {
  test('asks the object behind for all that it has not itself, with its private state', () => {
    const counter = new Named();
    const shown = overlaid<Counter>(counter, { label: 'own' });
    expect([shown.add(2), shown.count, counter.count, shown.label]).toEqual([4, 4, 4, 'own']);
    expect(() => shown.closed).toThrow('is closed');
    counter.label = 'changed';
    expect(overlaid<Counter>(counter, {}).label).toBe('changed');
  });

  test('can be overlaid again, and so can objects of no class', () => {
    const counter = new Counter();
    const twice = overlaid<Counter>(overlaid<Counter>(counter, { label: 'first' }), { add: () => 7 });
    expect([twice.label, twice.add(1), twice.count]).toEqual(['first', 7, 0]);
    expect(overlaid({ a: () => 1, b: () => 2 }, { b: () => 3 }).a()).toBe(1);
    expect(overlaid({ c: () => 4 }, {}).c()).toBe(4);
  });
});
