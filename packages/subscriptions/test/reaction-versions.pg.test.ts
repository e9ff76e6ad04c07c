import { defineReaction } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { runnerInTransaction } from '@leftfold/postgres';
import { guarantee } from '@leftfold/testbed/guarantees';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createReactionRunner } from '../src/index.ts';
import { registerSubscriptions } from '../src/sql/subscriptions.ts';
import { test } from './engine-test.ts';
import { counterEvents, openStore } from './recorder.ts';

const runnerOf = (store: PostgresEventStore, version: number) =>
  createReactionRunner({
    store,
    reactions: [
      defineReaction({
        name: 'mails',
        version,
        events: [counterEvents],
        on: { 'counter.added': async () => {} },
      }),
    ],
    execute: () => Promise.reject(new Error('no commands here')),
  });

/** The versions that a process with their definition would run. */
async function liveVersions(store: PostgresEventStore): Promise<readonly number[]> {
  const rows = await store.run<{ version: number }>({
    name: undefined,
    text: `select version from "${store.schema}".subscriptions
            where name = 'mails' and not definition ? 'continuedBy' order by version`,
    values: [],
  });
  return rows.map(({ version }) => version);
}

describe('two versions of a reaction that are registered at the same time', () => {
  for (const { before, first, second } of [
    { before: [], first: 1, second: 2 },
    { before: [], first: 2, second: 1 },
    { before: [1], first: 2, second: 3 },
    { before: [1], first: 3, second: 2 },
  ])
    test(`leave the newer one: ${[...before, first, second].join(', ')}`, async ({
      store,
      processUrl,
      connectionString,
    }) => {
      guarantee('no-effects-of-the-past');
      await using admin = openStore(connectionString, { schema: store.schema });
      await using elsewhere = openStore(processUrl, { schema: store.schema });
      for (const version of before) await runnerOf(store, version).migrate();
      let migrating: Promise<void> | undefined;
      await admin.inTransaction(async ({ tx }) => {
        const ref = { name: 'mails', version: first };
        const subscription = { ref, slices: 1, declared: {}, definitionHash: 'first', start: 'end' } as const;
        await registerSubscriptions({ schema: store.schema, run: runnerInTransaction(tx) }, [subscription]);
        migrating = runnerOf(elsewhere, second).migrate();
        await Promise.race([untilBlocked(connectionString), migrating]);
      });
      await migrating;
      expect(await liveVersions(store)).toEqual([Math.max(first, second)]);
    });
});
