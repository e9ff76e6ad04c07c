import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@leftfold/embedded';
import { account, accountEvents, balances, movements, openBalances } from '@leftfold/testbed/bank';
import { ask, mountSmallDisk } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { expect, test } from 'vitest';
import { createApp } from '../src/index.ts';

const WHY_NOT = 'a small disk cannot be mounted here: it takes Linux and root';
const projections = [balances, movements, openBalances] as const;
const patient = { timeoutMs: 30_000 } as const;

test('calls that find a full disk say so, and succeed when there is space', async ({ skip }) => {
  using disk = mountSmallDisk(64);
  if (disk === undefined) return skip(WHY_NOT);
  guarantee('unavailable-database', 'outages');
  await using server = await startPostgres({ settings: { autovacuum: 'off' } });
  const url = await createDatabaseOn(disk.folder, server.superuserConnectionString);
  const full = {
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    message: 'the database is out of disk space (SQLSTATE 53100); free some, then try again',
  };
  await using app = await start(url, { run: true });
  await app.ready(patient);
  await app.execute(account.command.open('0', { owner: 'Ada' }));
  for (const projection of projections) await app.projections.whenCaughtUp(projection, patient);

  disk.fill();
  let refused: unknown;
  let opened = 0;
  // The pages that the tables have are filled first.
  while (refused === undefined && opened < 1_000) {
    opened += 1;
    const filling = account.command.open(`${opened}`, { owner: 'x'.repeat(500) });
    refused = await app.execute(filling).then(noFailure, itself);
  }
  expect(refused).toMatchObject(full);
  for (const call of [
    () => app.projections.rebuild(balances),
    () => app.projections.verify(movements),
    () => app.projections.repair(openBalances),
    () => app.projections.asOf(balances, { position: 1 }),
    () => app.projections.reset(movements),
  ])
    expect(await failureOf(call())).toMatchObject(full);
  expect(await app.query(balances).where('account_id', '=', 'account-0').execute()).toHaveLength(1);

  disk.free();
  await app.execute(account.command.open(`${opened}`, { owner: 'x' }));
  for (const projection of projections) {
    await app.projections.whenCaughtUp(projection, patient);
    expect(await app.projections.verify(projection)).toMatchObject({ equal: true });
  }
  expect(await app.projections.rebuild(balances)).toMatchObject({ outcome: 'switched' });
}, 120_000);

test('a projection that finds a full disk is stalled, and goes on when there is space', async ({ skip }) => {
  using disk = mountSmallDisk(64);
  if (disk === undefined) return skip(WHY_NOT);
  guarantee('outages');
  await using server = await startPostgres({ settings: { autovacuum: 'off' } });
  const url = await createDatabaseOn(disk.folder, server.superuserConnectionString);
  {
    await using first = await start(url, { run: true });
    await first.ready(patient);
  }
  await using writer = await start(url, { run: false });
  const many = Array.from({ length: 3_000 }, (_, n) => accountEvents.create.deposited({ cents: n + 1 }));
  await writer.store.append('account-0', many);

  disk.fill();
  await using app = await start(url, { run: true });
  const movementsOf = async () =>
    (await app.projections.status()).find(({ name }) => name === movements.name);
  await until(async () => (await movementsOf())?.notAdvancing?.includes('disk space') === true, {
    timeoutMs: 60_000,
  });
  expect(await movementsOf()).toMatchObject({ state: 'stalled', failure: undefined });

  disk.free();
  await app.projections.whenCaughtUp(movements, patient);
  expect(await movementsOf()).toMatchObject({ state: 'running', notAdvancing: undefined, lag: 0 });
  expect(await app.projections.verify(movements)).toMatchObject({ equal: true });
}, 120_000);

test('a server that has no space for its write-ahead log ends, and loses no event that was acknowledged', async ({
  skip,
}) => {
  using disk = mountSmallDisk(96);
  if (disk === undefined) return skip(WHY_NOT);
  guarantee('outages');
  using directory = temporaryFolder();
  const options = { directory: directory.path, settings: { min_wal_size: '32MB', max_wal_size: '64MB' } };
  await (await startPostgres(options)).stop();
  moveLog(directory.path, disk.folder);
  await using server = await startPostgres(options);
  await using app = await start(server.connectionString, { run: true });
  await app.ready(patient);
  const acknowledged: string[] = [];
  const write = async () => {
    const id = `${acknowledged.length}-${Math.random()}`;
    await app.execute(account.command.open(id, { owner: randomBytes(60_000).toString('base64') }));
    acknowledged.push(id);
  };
  await write();
  disk.fill();
  let refused: unknown;
  while (refused === undefined) refused = await write().then(noFailure, itself);
  const away = { code: 'STORE_UNAVAILABLE', retryable: true };
  expect(refused).toMatchObject(away);
  expect(await failureOf(app.query(balances).execute())).toMatchObject(away);

  disk.free();
  await server.restart({ mode: 'fast' });
  await until(() =>
    write().then(
      () => true,
      () => false,
    ),
  );
  for (const projection of projections) {
    await app.projections.whenCaughtUp(projection, patient);
    expect(await app.projections.verify(projection)).toMatchObject({ equal: true });
  }
  const stored = new Set<string>();
  for await (const { streamId } of app.store.readAll()) stored.add(streamId);
  expect(acknowledged.filter((id) => !stored.has(`account-${id}`))).toEqual([]);
}, 120_000);

function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'leftfold-server-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** The write-ahead log of a server that is stopped is in another folder from then on. */
function moveLog(directory: string, folder: string): void {
  const log = join(directory, 'data', 'pg_wal');
  execFileSync('cp', ['-a', log, join(folder, 'wal')]);
  rmSync(log, { recursive: true });
  symlinkSync(join(folder, 'wal'), log);
}

const start = (url: string, { run }: { readonly run: boolean }) =>
  createApp({
    aggregates: [account],
    projections,
    database: { url },
    subscriptions: { run, onIncident: () => {} },
  });

const noFailure = () => undefined;
const itself = (error: unknown) => error;

/** A database whose tables are in a folder; the log of the server is elsewhere: without space for that, it ends. */
async function createDatabaseOn(folder: string, superuser: string): Promise<string> {
  await ask(superuser, `copy (select) to program 'cat > /dev/null; mkdir ${folder}/tables'`);
  await ask(superuser, `create tablespace small location '${folder}/tables'`);
  await ask(superuser, 'create database small tablespace small');
  const url = new URL(superuser);
  url.pathname = '/small';
  return url.href;
}
