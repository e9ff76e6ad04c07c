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

const someoneDead = () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  return { token: 'former', pid, startedAt: '1', host: hostname() };
};

test('a lock is held until it is released, and leaves nothing else', async () => {
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
  writeFileSync(path, JSON.stringify(someoneDead()));
  const lock = await lockDirectory(path, 0);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  expect(readdirSync(folder)).toEqual(['lock']);
  lock.release();
});

test.runIf(process.platform === 'linux')(
  'the lock of a process whose number another one got since is taken over',
  async () => {
    writeFileSync(path, JSON.stringify({ ...someoneDead(), pid: process.pid }));
    await expect(lockDirectory(path, 0)).resolves.toBeDefined();
  },
);

test('a lock that was cut off while it was written is taken over', async () => {
  writeFileSync(path, '{"tok');
  await expect(lockDirectory(path, 0)).resolves.toBeDefined();
});

test('a lock of another machine holds, and the message says what to do when that is gone', async () => {
  writeFileSync(path, JSON.stringify({ ...someoneDead(), host: 'elsewhere' }));
  await expect(lockDirectory(path, 0)).rejects.toThrow(/on host elsewhere \(if it is gone, delete .*lock\)/);
});

test('releasing does not take away the lock of a later holder', async () => {
  const lock = await lockDirectory(path, 0);
  writeFileSync(path, JSON.stringify({ ...someoneDead(), token: 'later' }));
  lock.release();
  expect(existsSync(path)).toBe(true);
});

test('a process that is about to end is waited for', async () => {
  const lock = await lockDirectory(path, 0);
  const next = lockDirectory(path, 5_000);
  lock.release();
  await expect(next).resolves.toHaveProperty('release');
});

test('of many that meet the lock of a dead process, one gets it', async () => {
  writeFileSync(path, JSON.stringify(someoneDead()));
  const asked = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(path, 0)));
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
