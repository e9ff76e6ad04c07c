import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyBinaries } from './copy.ts';
import { ensureSymlinks } from './symlinks.ts';

let folder: string;
let native: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-test-'));
  native = join(folder, 'native');
  mkdirSync(join(native, 'lib'), { recursive: true });
  writeFileSync(join(native, 'lib', 'libx.so.1.2'), 'x');
  writeFileSync(
    join(native, 'pg-symlinks.json'),
    JSON.stringify([{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' }]),
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

test('ensureSymlinks creates the listed symlinks, and can be called again', () => {
  expect(ensureSymlinks(native)).toBe(true);
  expect(readlinkSync(join(native, 'lib', 'libx.so'))).toBe('libx.so.1.2');
  expect(ensureSymlinks(native)).toBe(true);
});

test('an installation without pg-symlinks.json needs no symlinks', () => {
  rmSync(join(native, 'pg-symlinks.json'));
  expect(ensureSymlinks(native)).toBe(true);
});

test('a copy is readable by every user, and has no files that only builds need', () => {
  chmodSync(join(native, 'lib', 'libx.so.1.2'), 0o600);
  writeFileSync(join(native, 'lib', 'libx.a'), '');
  ensureSymlinks(native);
  const copy = join(folder, 'copy');
  copyBinaries(native, copy);
  expect(statSync(join(copy, 'lib', 'libx.so')).mode & 0o777).toBe(0o755);
  expect(statSync(join(native, 'lib', 'libx.so')).mode & 0o777).toBe(0o600);
  expect(existsSync(join(copy, 'lib', 'libx.a'))).toBe(false);
});
