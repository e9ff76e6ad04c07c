import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Client } from 'pg';
import { expect, onTestFinished, test as plain, vi } from 'vitest';
import { startPostgres } from '../src/index.ts';
import { processExists } from '../src/supervisor/process-exists.ts';
import { openFolder, startApplication } from './application.ts';
import { query } from './query.ts';

const test = plain
  .extend('folder', { scope: 'file' }, ({}, { onCleanup }) => {
    const folder = openFolder();
    onCleanup(() => rmSync(folder, { recursive: true }));
    return folder;
  })
  .extend('directory', { scope: 'file' }, ({ folder }) => join(folder, '.leftfold', 'postgres'));

test('a kept directory keeps its data, its passwords and its port', async ({ directory }) => {
  const first = await startPostgres({ directory });
  expect(first.description).toBe(`PostgreSQL ${first.version} (embedded, kept in ${directory})`);
  await query(first.connectionString, 'create table notes as select 1 as number');
  expect(await query(first.connectionString, 'show fsync')).toEqual([{ fsync: 'on' }]);
  await first.stop();

  await using second = await startPostgres({ directory });
  expect(second.connectionString).toBe(first.connectionString);
  expect(second.superuserConnectionString).toBe(first.superuserConnectionString);
  expect(await query(second.connectionString, 'select number from notes')).toEqual([{ number: 1 }]);
});

test('only the owner can read the passwords, and version control ignores the directory', ({ directory }) => {
  expect(statSync(join(directory, 'connection.json')).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(directory, '.gitignore'), 'utf8')).toBe('*\n');
  const { password } = JSON.parse(readFileSync(join(directory, 'connection.json'), 'utf8')) as Record<
    string,
    string
  >;
  expect(password).toMatch(/^[\w-]{24}$/);
  expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).not.toContain(password);
});

test('a second process gets an error that names the holder, whose server continues', async ({
  directory,
}) => {
  guarantee('one-server-per-directory');
  using holder = startApplication({ directory });
  const { connectionString } = await holder.started;
  const file = join(directory, 'connection.json');
  await expect(startPostgres({ directory })).rejects.toMatchObject({
    code: 'POSTGRES_DIRECTORY_LOCKED',
    retryable: true,
    pid: holder.pid,
    message: `the directory ${directory} is in use by process ${holder.pid}; to use its server beside it, set DATABASE_URL to the connectionString in ${file}, or stop that process`,
  });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ connectionString });
  expect(await query(connectionString, 'select number from notes')).toEqual([{ number: 1 }]);
});

test('a process cannot start a server twice in the same directory', async ({ directory }) => {
  await using server = await startPostgres({ directory });
  await expect(startPostgres({ directory })).rejects.toMatchObject({
    code: 'POSTGRES_DIRECTORY_LOCKED',
    pid: process.pid,
    message: expect.stringContaining('this process'),
  });
  expect(await query(server.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('after a kill, the next start waits for the old server and has all commits', async ({ directory }) => {
  using holder = startApplication({ directory });
  const { connectionString, pid } = await holder.started;
  await query(connectionString, 'insert into notes values (2)');
  // A suspended session prevents the server from ending.
  const session = new Client({ connectionString });
  session.on('error', () => {});
  await session.connect();
  const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  const backend = rows[0]?.pid ?? 0;
  process.kill(backend, 'SIGSTOP');
  holder.process.kill('SIGKILL');

  const signals = vi.spyOn(process, 'kill');
  onTestFinished(() => signals.mockRestore());
  const next = startPostgres({ directory });
  // Signal 0 asks whether a process exists. A start that does not wait for it fails before it has asked so often.
  const asked = () => signals.mock.calls.filter(([to, signal]) => to === pid && signal === 0).length;
  expect(await Promise.race([next, vi.waitUntil(() => asked() > 20, 10_000).then(() => 'waiting')])).toBe(
    'waiting',
  );
  expect(processExists(pid)).toBe(true);
  process.kill(backend, 'SIGCONT');

  await using server = await next;
  expect(await query(server.connectionString, 'select number from notes order by 1')).toEqual([
    { number: 1 },
    { number: 2 },
  ]);
});

test('a stale postmaster.pid is removed, even when its pid is in use again', async ({ directory }) => {
  // By a program of the same user, or PostgreSQL itself would know that it is no server.
  const { uid } = statSync(join(directory, 'data'));
  const other = spawn('sleep', ['600'], { uid, cwd: '/' });
  onTestFinished(() => void other.kill('SIGKILL'));
  writeFileSync(
    join(directory, 'data', 'postmaster.pid'),
    `${other.pid}\n${directory}\n0\n5432\n\n\n\nready\n`,
  );

  await using server = await startPostgres({ directory });
  expect(await query(server.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(processExists(other.pid ?? 0)).toBe(true);
});

test('data of another major version is an error that names it, and is not changed', async ({ directory }) => {
  const file = join(directory, 'data', 'PG_VERSION');
  writeFileSync(file, '16\n');
  const start = startPostgres({ directory });
  await expect(start).rejects.toMatchObject({
    code: 'POSTGRES_DIRECTORY_VERSION',
    message: expect.stringMatching(
      /PostgreSQL 16, which PostgreSQL 17 cannot read: start it with "version: 16"/,
    ),
  });
  writeFileSync(file, '17\n');
  await using server = await startPostgres({ directory });
  expect(await query(server.connectionString, 'select count(*)::int from notes')).toEqual([{ count: 2 }]);
});

test('an incomplete data directory is created again', async ({ folder }) => {
  const started = join(folder, 'unfinished');
  mkdirSync(join(started, 'data.unfinished', 'base'), { recursive: true });
  await using server = await startPostgres({ directory: started, durable: false });
  expect(await query(server.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a folder with other files is not used as a data directory', async ({ folder }) => {
  const mine = join(folder, 'mine');
  mkdirSync(mine);
  writeFileSync(join(mine, 'letter.txt'), 'dear');
  await expect(startPostgres({ directory: mine })).rejects.toMatchObject({
    code: 'POSTGRES_DIRECTORY_UNUSABLE',
    message: expect.stringContaining('letter.txt'),
  });
});

test('a path that is not a folder is POSTGRES_DIRECTORY_UNUSABLE', async ({ folder }) => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(startPostgres({ directory: file })).rejects.toMatchObject({
    code: 'POSTGRES_DIRECTORY_UNUSABLE',
  });
});
