import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { Client } from 'pg';
import { beforeAll, describe, expect, test as plain, vi } from 'vitest';
import { processExists } from '../src/supervisor/process-exists.ts';
import { startPostgres } from '../src/index.ts';
import { openFolder } from './application.ts';
import { query } from './query.ts';

// A TMPDIR of its own: other processes use the machine's temporary folder at the same time.
beforeAll(() => {
  const folder = openFolder();
  vi.stubEnv('TMPDIR', folder);
  return () => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  };
});

const test = plain.extend('server', { scope: 'file' }, async ({}, { onCleanup }) => {
  const server = await startPostgres({ settings: { work_mem: '5MB', 'myapp.motto': `it's a \\ b` } });
  onCleanup(() => server.stop());
  return server;
});

describe('a started server', () => {
  test('accepts queries, and reports its version and description', async ({ server }) => {
    const [row] = await query(server.connectionString, 'show server_version');
    expect(row).toEqual({ server_version: server.version });
    expect(server.version).toMatch(/^17\.\d+$/);
    expect(server.description).toBe(`PostgreSQL ${server.version} (embedded, ephemeral)`);
  });

  test('allows logical decoding, prepared transactions and 200 connections', async ({ server }) => {
    const settings = await query(
      server.connectionString,
      `select name, setting from pg_settings
        where name in ('wal_level', 'max_prepared_transactions', 'max_connections', 'fsync', 'synchronous_commit',
                       'TimeZone', 'server_encoding')`,
    );
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      wal_level: 'logical',
      max_prepared_transactions: '50',
      max_connections: '200',
      fsync: 'off',
      synchronous_commit: 'on',
      TimeZone: 'UTC',
      server_encoding: 'UTF8',
    });
  });

  test('has the given settings, with any characters in their values', async ({ server }) => {
    const [row] = await query(
      server.connectionString,
      `select current_setting('work_mem') as memory,
      current_setting('myapp.motto') as motto, lower('ÄÖÜ') as lower`,
    );
    expect(row).toEqual({ memory: '5MB', motto: `it's a \\ b`, lower: 'äöü' });
  });

  test('rejects a connection with a wrong password', async ({ server }) => {
    const url = new URL(server.connectionString);
    url.password = 'guessed';
    await expect(query(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('has an owner of its database that may create what an application needs', async ({ server }) => {
    const login = await query(
      server.connectionString,
      `select current_user as role, rolsuper, rolcreaterole, rolreplication, rolbypassrls
         from pg_roles where rolname = current_user`,
    );
    const nothingMore = { rolsuper: false, rolcreaterole: false, rolreplication: false, rolbypassrls: false };
    expect(login).toEqual([{ role: 'leftfold', ...nothingMore }]);
    await query(server.connectionString, 'create schema shop; create table public.notes (text text)');
    await query(server.connectionString, 'create database other');
    await query(server.connectionString, 'drop schema shop; drop table public.notes');
    await query(server.connectionString, 'drop database other');
  });

  test('has no login for applications that reaches the files of its user', async ({ server }) => {
    const attacks = [
      `copy (select 1) to program 'true'`,
      `copy (select 1) to '/tmp/leftfold-attack'`,
      `select pg_read_file('postgresql.conf')`,
      `select lo_export(lo_from_bytea(0, ''), '/tmp/leftfold-attack')`,
      'alter system set archive_command = $$true$$',
      'alter role leftfold superuser',
      'set role postgres',
      'load $$/tmp/leftfold-attack$$',
    ];
    for (const attack of attacks)
      await expect(query(server.connectionString, attack), attack).rejects.toMatchObject({ code: '42501' });
    const [row] = await query(server.superuserConnectionString, 'select current_user as role');
    expect(row).toEqual({ role: 'postgres' });
  });

  test('listens on 127.0.0.1 only', async ({ server }) => {
    const { port } = new URL(server.connectionString);
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ address, family }) => family === 'IPv4' && address !== '127.0.0.1')
      .map(({ address }) => address);
    for (const address of [...others, '127.0.0.2', '::1']) {
      await expect(reach(address, Number(port)), address).rejects.toThrow(
        /ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH/,
      );
    }
    await expect(reach('127.0.0.1', Number(port))).resolves.toBeUndefined();
    const [row] = await query(server.superuserConnectionString, 'show unix_socket_directories');
    expect(row).toEqual({ unix_socket_directories: '' });
  });
});

test('stop leaves no process and no file, and lets clients disconnect', async () => {
  const before = temporaryFolders();
  const server = await startPostgres();
  expect(temporaryFolders()).toHaveLength(before.length + 1);
  const client = new Client({ connectionString: server.connectionString });
  const errors: Error[] = [];
  client.on('error', (error) => errors.push(error));
  await client.connect();

  const stopped = server.stop();
  await client.query('select 1');
  await client.end();
  await stopped;

  expect(errors).toEqual([]);
  expect(processExists(server.pid)).toBe(false);
  expect(temporaryFolders()).toEqual(before);
  await expect(server.stop()).resolves.toBeUndefined();
  await expect(server.restart({ mode: 'fast' })).rejects.toMatchObject({ code: 'POSTGRES_STOPPED' });
});

test('an invalid setting fails the start with the message of PostgreSQL', async () => {
  const before = temporaryFolders();
  const start = startPostgres({ settings: { max_connections: 'lots' } });
  await expect(start).rejects.toMatchObject({
    code: 'POSTGRES_START_FAILED',
    retryable: false,
    message: expect.stringContaining('"max_connections"'),
  });
  expect(temporaryFolders()).toEqual(before);
});

test('a given port is used; a port in use is POSTGRES_PORT_IN_USE', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(startPostgres({ port })).rejects.toMatchObject({
    code: 'POSTGRES_PORT_IN_USE',
    retryable: true,
    message: `port ${port} of 127.0.0.1 is in use`,
  });
  listener.close();
  await once(listener, 'close');

  await using server = await startPostgres({ port });
  expect(new URL(server.connectionString).port).toBe(String(port));
});

function temporaryFolders(): string[] {
  return readdirSync(tmpdir());
}

async function reach(address: string, port: number): Promise<void> {
  const socket = connect({ host: address, port, timeout: 2_000 });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
