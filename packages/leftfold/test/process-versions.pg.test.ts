import { account, accountEvents } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { accepted, type AnyProcess, aggregateIdOf, createApp, defineProcess } from '../src/index.ts';

const test = databaseTest();

/** Gives a present for the second deposit. */
const welcome = (version: number) =>
  defineProcess({
    name: 'welcome',
    version,
    events: [accountEvents],
    starts: ['account.opened'],
    correlate: {
      'account.opened': ({ streamId }) => aggregateIdOf(streamId),
      'account.deposited': ({ streamId }) => aggregateIdOf(streamId),
    },
    initialState: { version },
    react: { 'account.deposited': (_state, _input, out) => out.complete() },
  });
const [one, two] = [welcome(1), welcome(2)];

test('a release with a raised version goes on with a process, and the old one lacks nothing', async ({
  ownDatabase,
}) => {
  guarantee('instances-keep-their-version');
  const incidents: string[] = [];
  const start = (processes: readonly AnyProcess[]) =>
    createApp({
      aggregates: [account],
      processes,
      database: { url: ownDatabase.connectionString },
      subscriptions: {
        leaseMs: 500,
        onIncident: ({ error }) => incidents.push((error as { code: string }).code),
      },
    });
  const healthOf = async (app: Awaited<ReturnType<typeof start>>) => {
    const { checks } = await app.health();
    return checks.find(({ kind }) => kind === 'process');
  };
  await using old = await start([one]);
  const opened = accepted(await old.execute(account.command.open('ada', { owner: 'Ada' })));
  await old.processes.waitFor(one, opened.token);
  {
    await using next = await start([one, two]);
    await until(async () => (await old.processes.status())[0]?.state === 'outdated');
    expect(await healthOf(old)).toMatchObject({ ok: true });
    // Commands of the old release are what they were.
    await old.execute(account.command.open('bob', { owner: 'Bob' }));
    await old.execute(account.command.deposit('ada', { cents: 1 }));
    expect(await next.processes.whenEnded(two, 'ada')).toMatchObject({ version: 1, status: 'completed' });
    await until(async () => (await next.processes.instances(two, { version: 2 })).length === 1);
    expect(await healthOf(next)).toMatchObject({ ok: true });
    expect(incidents).not.toContain('SUBSCRIPTION_MISMATCH');
  }
  // No process runs the newer version, and the old release does not take it back.
  await until(async () => (await healthOf(old))?.ok === false, { timeoutMs: 15_000 });
  await using back = await start([welcome(3)]);
  expect(await healthOf(back)).toMatchObject({
    ok: false,
    message: expect.stringMatching(/has version 2, and this app has 3 only/),
  });
  expect(incidents).toContain('PROCESS_VERSION_MISSING');
});
