import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { defineEvents } from '@leftfold/core';
import { accountEvents, deposited } from '@leftfold/testbed/bank';
import { typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import type { EventRow } from '../src/sql/event-columns.ts';
import { eventsByIdStatement, eventsOfCommandStatement } from '../src/sql/events.ts';
import { seedLargeEvents } from './large-events.ts';
import { openStore, positionsOf, test } from './store-test.ts';

// Literals: a limit that is compared with itself holds whatever it is.
const PAGE_BYTES = 1_048_576;
const MAX_EVENT_BYTES = 1_048_576;

describe('a page', () => {
  const note = (characters: number) =>
    accountEvents.create.opened({ owner: 'Ada', note: 'x'.repeat(characters) });
  const filters = [{}, { types: ['account.opened'] }, { category: 'mixed' }, { tags: ['mixed:1'] }];

  test.for(filters)('of events of any size has few bytes, with the filter %j', async (filter, { store }) => {
    guarantee('bounded-memory');
    const sizes = [1_000_000, 10, 10, 600_000, 600_000, 10, 1_040_000, 1_040_000, 300_000, 10];
    const events = sizes.map((size) => ({ ...note(size), tags: ['mixed:1'] }));
    const streamId = `mixed-${JSON.stringify(filter).length}`;
    const { events: written } = await store.append(streamId, events);
    const { position: after } = { position: written[0]!.position - 1 };
    const upTo = await store.highWaterMark();
    const found: number[] = [];
    for (let from = after; from < upTo; ) {
      const page = await store.readPage({ after: from, upTo, limit: 1_000, filter });
      expect(page.size).toBeLessThan(PAGE_BYTES + MAX_EVENT_BYTES);
      expect(page.position).toBeGreaterThan(from);
      found.push(...positionsOf(page.events));
      from = page.position;
    }
    expect(found).toEqual(positionsOf(written));
    expect(positionsOf(await collect(store.readAll({ after, filter })))).toEqual(positionsOf(written));
    const from = written[0]!.streamVersion;
    expect(positionsOf(await collect(store.readStream(streamId, { from })))).toEqual(positionsOf(written));
    const newestFirst = await collect(store.readStream(streamId, { from, backwards: true }));
    expect(positionsOf(newestFirst)).toEqual(positionsOf(written).toReversed());
  });

  test('counts the tags, and numbers with all the digits that they are read with', async ({
    store,
    pool,
  }) => {
    guarantee('bounded-memory');
    const tags = Array.from({ length: 64 }, (_, index) => `${index}:`.padEnd(255, 'x'));
    const after = await store.highWaterMark();
    await store.append(
      'account-tags',
      Array.from({ length: 200 }, () => ({ ...deposited(1), tags })),
    );
    const digits = `{"type": "account.deposited", "data": {"digits": [${Array(100).fill('1e300').join()}]}}`;
    await pool.query(`select leftfold.append('account-digits', $1::jsonb)`, [
      `[${Array(200).fill(digits).join()}]`,
    ]);
    const upTo = await store.highWaterMark();
    const page = await store.readPage({ after, upTo, limit: 1_000 });
    expect(page.size).toBeLessThan(2 * PAGE_BYTES);
    expect(page.events.length).toBeLessThan(100);
    const second = await store.readPage({ after: upTo - 200, upTo, limit: 1_000 });
    expect(second.size).toBeLessThan(2 * PAGE_BYTES);
    expect(second.events.length).toBeLessThan(100);
  });
});

test('the events of a command, or of ids, are read in pages of few bytes, and all of them are returned', async ({
  store,
}) => {
  guarantee('bounded-memory');
  const events = [900_000, 900_000, 10, 10].map((size) =>
    accountEvents.create.opened({ owner: 'Ada', note: 'x'.repeat(size) }),
  );
  const ids = events.map((_, index) => `paged-${index}`);
  const byId = () =>
    store.append(
      'account-by-id',
      events.map((event, index) => ({ ...event, id: ids[index] })),
    );
  const ofCommand = () => store.append('account-of-command', events, { commandId: 'paged' });
  for (const append of [byId, ofCommand]) {
    const { events: written } = await append();
    expect(await append()).toMatchObject({ duplicate: true, events: written.map(({ id }) => ({ id })) });
  }
  expect(positionsOf(await store.eventsOfCommand('paged'))).toEqual(positionsOf((await ofCommand()).events));
  const statements = [
    eventsByIdStatement('leftfold', ids, 0),
    eventsOfCommandStatement('leftfold', 'paged', 0),
  ];
  for (const statement of statements) {
    const rows = await store.run<EventRow>(statement);
    expect(rows.map(({ data }) => data.length > 800_000)).toEqual([true, true]);
  }
});

test.for([
  { amount: [1e308, -1.5e-300, 1e21, 1e-7, 0.1, -12.5, 3] },
  { text: ['1e300', 'a"b"\\', '€ 🦊 \u0001 \n', ''], key: { nested: [[], {}, null, true, false] } },
])('the size of an event that is limited is the stored one: %j', async (more, { database, pool }) => {
  guarantee('bounded-memory');
  const numbers = defineEvents('number', { noted: z.object({ more: z.any() }) });
  const appendUnder = async (eventBytes: number) => {
    await using store = openStore(database.connectionString, { events: [numbers], limits: { eventBytes } });
    return await store.append('number-1', [numbers.create.noted({ more })]);
  };
  const { position } = await appendUnder(1_000_000);
  const { rows } = await pool.query<{ size: number; spaces: number }>(
    `select size, regexp_count(data::text, '[,:] ') as spaces from leftfold.events where position = $1`,
    [position],
  );
  const bytes = rows[0]!.size - rows[0]!.spaces;
  await expect(appendUnder(bytes - 1)).rejects.toMatchObject({ code: 'APPEND_TOO_LARGE', actual: bytes });
  await appendUnder(bytes);
});

describe('a process with 256 MB of memory', () => {
  const COUNT = 40;
  const run = promisify(execFile);
  const script = fileURLToPath(new URL('./reader-process.ts', import.meta.url));

  test.beforeAll(({ pool }) => seedLargeEvents(pool, 'account-large', COUNT));

  test.for(['readStream', 'backwards', 'readAll', 'filtered', 'subscribe'])(
    'reads the largest events by %s, which together need several times as much',
    { timeout: 60_000 },
    async (way, { database }) => {
      guarantee('bounded-memory');
      const flags = ['--max-old-space-size=256', ...typescriptFlags];
      const { stdout } = await run(process.execPath, [
        ...flags,
        script,
        database.connectionString,
        way,
        String(COUNT),
      ]);
      expect(Number(stdout)).toBe(COUNT);
    },
  );
});
