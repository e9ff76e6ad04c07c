import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDirectory } from './lock.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-test-'));
  path = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const deadHolder = () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  return { token: 'former', pid, startedAt: '1', host: hostname() };
};

test('a lock is held until it is released, and leaves no other file', async () => {
  const lock = await lockDirectory(path, 0);
  await expect(lockDirectory(path, 0)).rejects.toThrow(
    expect.objectContaining({ code: 'POSTGRES_DIRECTORY_LOCKED', pid: process.pid }),
  );
  expect(readdirSync(folder)).toEqual(['lock']);
  lock.release();
  expect(existsSync(path)).toBe(false);
  (await lockDirectory(path, 0)).release();
});

test('the lock of a process that has ended is taken over', async () => {
  writeFileSync(path, JSON.stringify(deadHolder()));
  const lock = await lockDirectory(path, 0);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  expect(readdirSync(folder)).toEqual(['lock']);
  lock.release();
});

test.runIf(process.platform === 'linux')(
  'the lock of an ended process is taken over, even when its pid is in use again',
  async () => {
    writeFileSync(path, JSON.stringify({ ...deadHolder(), pid: process.pid }));
    await expect(lockDirectory(path, 0)).resolves.toBeDefined();
  },
);

test('an incompletely written lock is taken over', async () => {
  writeFileSync(path, '{"tok');
  await expect(lockDirectory(path, 0)).resolves.toBeDefined();
});

test('a lock of another host is respected; the error names the file to delete', async () => {
  writeFileSync(path, JSON.stringify({ ...deadHolder(), host: 'elsewhere' }));
  await expect(lockDirectory(path, 0)).rejects.toThrow(
    /on host elsewhere; stop that process, or if it no longer runs, delete .*lock$/,
  );
});

test('release does not remove the lock of a later holder', async () => {
  const lock = await lockDirectory(path, 0);
  writeFileSync(path, JSON.stringify({ ...deadHolder(), token: 'later' }));
  lock.release();
  expect(existsSync(path)).toBe(true);
});

test('lockDirectory waits for a holder that is about to release', async () => {
  const lock = await lockDirectory(path, 0);
  const next = lockDirectory(path, 5_000);
  lock.release();
  await expect(next).resolves.toHaveProperty('release');
});

test('of 20 concurrent takers of the lock of an ended process, one succeeds', async () => {
  writeFileSync(path, JSON.stringify(deadHolder()));
  const asked = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(path, 0)));
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
