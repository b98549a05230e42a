import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SCRIPT, which } from './harness.ts';

describe('monitor.sh', () => {
  test('passes shellcheck', () => {
    if (which('shellcheck') === undefined) {
      console.log('shellcheck is not installed: the wrapper is not checked by it');
      return;
    }
    expect(() => execFileSync('shellcheck', ['-s', 'sh', SCRIPT], { encoding: 'utf8' })).not.toThrow();
  });

  test('can be run as it is', () => {
    expect(lstatSync(SCRIPT).mode & 0o111).not.toBe(0);
    expect(readFileSync(SCRIPT, 'utf8').startsWith('#!/bin/sh\n')).toBe(true);
  });
});
