import type { EventQuery, ExpectedVersion } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';
import { explainAll, nodesOf } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import type pg from 'pg';
import { describe, expect } from 'vitest';
import { AppendStatements } from '../src/sql/append.ts';
import {
  eventsByIdStatement,
  eventsOfCommandStatement,
  readPageStatement,
  readStreamStatement,
} from '../src/sql/events.ts';
import { highWaterMarkStatement } from '../src/sql/high-water-mark.ts';
import { latestMatchStatement } from '../src/sql/latest-match.ts';
import { loadSnapshotStatement } from '../src/sql/snapshots.ts';
import { accessesOf, lookedAt, plansTest } from './plans-test.ts';

const EVENTS = 100_000;
const modes = ['force_custom_plan', 'force_generic_plan'] as const;

const tests = {
  force_custom_plan: plansTest(),
  force_generic_plan: plansTest(),
  short: plansTest(),
};

describe.each(modes)('with 100,000 events and %s', (mode) => {
  const test = tests[mode];

  test.beforeAll(async ({ client }) => {
    await seed(client);
    await explainAll(client);
    await client.query(`set plan_cache_mode = ${mode}`);
  });

  const statements = new AppendStatements('leftfold');
  const range = { from: 1, to: Number.MAX_SAFE_INTEGER, backwards: false, limit: 1_000 };
  const untilNever = { untilPosition: undefined, untilTime: undefined };

  test.for([false, true])(
    'a page of a long stream is one range of its index, backwards: %s',
    async (backwards, { plansOf }) => {
      guarantee('indexed-statements');
      const options = { ...range, ...untilNever, backwards };
      const plans = await plansOf(readStreamStatement('leftfold', 'account-long', options));
      expect(new Set(plans.flatMap(accessesOf))).toEqual(new Set(['Index Scan events_stream_version_key']));
      expect(lookedAt(plans)).toBe(1_000);
    },
  );

  test.for([untilNever, { untilPosition: undefined, untilTime: new Date('2100-01-01') }])(
    'a short stream is found by its index, and no other event is looked at',
    async (until, { plansOf }) => {
      const plans = await plansOf(readStreamStatement('leftfold', 'account-7', { ...range, ...until }));
      const found = new Set(plans.flatMap(accessesOf).map((access) => access.split(' ').at(-1)));
      expect(found).toEqual(new Set(['events_stream_version_key']));
      expect(lookedAt(plans)).toBe(20);
    },
  );

  test.for([
    [{}, 100],
    [{ types: ['account.opened'] }, 1_000],
    [{ category: 'account' }, 100],
  ] as const)(
    'a page of the log with the filter %j is one range of positions',
    async ([filter, most], { plansOf }) => {
      guarantee('indexed-statements');
      const plans = await plansOf(
        readPageStatement('leftfold', { after: 50_000, upTo: EVENTS, limit: 100 }, [filter]),
      );
      expect(new Set(plans.flatMap(accessesOf))).toEqual(new Set(['Index Scan events_pkey']));
      expect(lookedAt(plans)).toBeLessThanOrEqual(most);
    },
  );

  const frequent = {
    types: [['account.opened']],
    category: ['account'],
    tags: [['branch:north'], []],
  };
  const rare = { types: [['rare.happened']], category: ['rare'], tags: [['owner:1700']] };
  const filters = [undefined, ...frequent.types, ...rare.types].flatMap((types) =>
    [undefined, ...frequent.category, ...rare.category].flatMap((category) =>
      [undefined, ...frequent.tags, ...rare.tags].map((tags): EventQuery => ({ types, category, tags })),
    ),
  );
  const isFound = ({ category, tags }: EventQuery) => category === 'rare' || tags === rare.tags[0];
  // No index has types.
  const isSearched = ({ types }: EventQuery) => types === rare.types[0];

  test.for(filters.filter((filter) => isFound(filter) || !isSearched(filter)))(
    'a page of the log with the filter %j looks at few events each time',
    async (filter, { client, explained }) => {
      guarantee('indexed-statements');
      const statement = readPageStatement('leftfold', { after: 0, upTo: EVENTS, limit: 100 }, [filter]);
      // The mode that users have may keep a plan from the sixth execution of a prepared statement.
      for (const [planCacheMode, executions] of [
        ['auto', 8],
        [mode, 1],
      ] as const) {
        await client.query(`set plan_cache_mode = ${planCacheMode}`);
        for (let count = 0; count < executions; count += 1) {
          explained.length = 0;
          await client.query({ ...statement, name: statement.name!, values: [...statement.values] });
          expect(lookedAt(explained), `${planCacheMode} ${count + 1}`).toBeLessThan(
            isFound(filter) ? 50 : 2_500,
          );
        }
      }
    },
  );

  test.for([
    [{ tags: ['owner:1700'] }, 2_200],
    [{ tags: ['branch:north'] }, 2_200],
    [{ types: ['account.opened'] }, 1_100],
    [{}, 10],
  ] as const)(
    'the last event that matches %j is found by an index',
    async ([query, most], { client, plansOf }) => {
      guarantee('indexed-statements');
      const latest = await plansOf(latestMatchStatement('leftfold', [query], EVENTS));
      expect(latest.flatMap(accessesOf).join()).not.toContain('whole table');
      expect(lookedAt(latest)).toBeLessThan(most);
      await client.query('set plan_cache_mode = auto');
      const range = { after: 0, upTo: EVENTS, limit: 1, backwards: true };
      const page = await plansOf(readPageStatement('leftfold', range, [query]));
      expect(page.flatMap(accessesOf).join()).not.toContain('whole table');
      expect(lookedAt(page)).toBeLessThan(most);
      await client.query(`set plan_cache_mode = ${mode}`);
    },
  );

  test.for([
    ['the shared tail', readPageStatement('leftfold', { after: 90_000, upTo: EVENTS, limit: 1_000 }, [])],
    ['events by their ids', eventsByIdStatement('leftfold', ['seed-1', 'seed-2'], 0)],
    ['events of a command', eventsOfCommandStatement('leftfold', 'command', 0)],
    ['a snapshot with its tail', loadSnapshotStatement('leftfold', 'account-7', 'key', 1_000)],
  ] as const)('%s is found by its index', async ([, statement], { plansOf }) => {
    const found = (await plansOf(statement)).flatMap(accessesOf);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join()).not.toContain('whole table');
  });

  test('the high-water mark looks at the latest entry of the positions', async ({ plansOf }) => {
    const plans = await plansOf(highWaterMarkStatement('leftfold'));
    expect(plans.flatMap(accessesOf)).toEqual(['Index Scan events_pkey']);
    const rows = plans
      .flatMap(({ Plan }) => nodesOf(Plan))
      .filter((node) => node['Index Name'] === 'events_pkey');
    expect(rows.map((node) => node['Actual Rows'])).toEqual([1]);
  });

  test('an append of one event looks up the newest version, and probes nothing else', async ({ plansOf }) => {
    guarantee('indexed-statements');
    const plans = await plansOf(statements.one(requestOf('account-7', 20, `one-${mode}`))!);
    expect(new Set(plans.flatMap(accessesOf))).toEqual(
      new Set(['Index Only Scan events_stream_version_key']),
    );
    const rows = plans
      .flatMap(({ Plan }) => nodesOf(Plan))
      .filter((node) => node['Index Name'] !== undefined);
    expect(Math.max(...rows.map((node) => node['Actual Rows'] ?? 0))).toBe(1);
  });

  // What a condition asks: never seen tags behind nothing and in the middle, and popular ones behind what is recent.
  test.for([
    ['a new tag behind position 0', ['owner:new'], 0, ['events_pkey', 'events_tags_idx'], 50],
    [
      'a rare tag behind an old position',
      ['owner:1700'],
      EVENTS * 0.7,
      ['events_pkey', 'events_tags_idx'],
      50,
    ],
    [
      'a tag of the past behind an old position',
      ['branch:closed'],
      EVENTS * 0.6,
      ['events_pkey', 'events_tags_idx'],
      500,
    ],
    [
      'two tags, one of them popular',
      ['branch:north', 'owner:new'],
      0,
      ['events_pkey', 'events_tags_idx'],
      50,
    ],
    ['a popular tag behind the newest 400 events', ['branch:north'], EVENTS - 400, ['events_pkey'], 400],
    ['a popular tag behind the newest 900 events', ['branch:north'], EVENTS - 900, ['events_pkey'], 900],
  ] as const)(
    'a condition on %s looks at few events',
    async ([, tags, behind, indexes, most], { client, plansOf }) => {
      guarantee('indexed-statements');
      const { rows } = await client.query<{ more: string }>(
        'select last_value - $1 as more from leftfold.event_position',
        [EVENTS],
      );
      const after = behind + (behind === 0 ? 0 : Number(rows[0]!.more));
      const plans = await plansOf(checkOf(tags, after, '{account.opened,account.deposited}'));
      const found = new Set(plans.flatMap(accessesOf).map((access) => access.split(' ').at(-1)));
      expect(found).toEqual(new Set(indexes));
      expect(lookedAt(plans)).toBeLessThanOrEqual(most);
    },
  );

  test('the conditions of a batch on the newest events share one scan of them', async ({
    client,
    plansOf,
  }) => {
    guarantee('indexed-statements');
    const { rows } = await client.query<{ top: string }>(
      'select last_value as top from leftfold.event_position',
    );
    const after = Number(rows[0]!.top) - 100;
    const requests = Array.from({ length: 16 }, (_, index) => ({
      ...requestOf(`account-decided-${index}`, 'any', `decided-${mode}-${index}`),
      condition: { queries: [{ tags: [`owner:new-${index}`], types: ['account.opened'] }], after },
    }));
    const plans = await plansOf(statements.batch(requests, { checkEventIds: false }));
    expect(plans.flatMap(accessesOf).filter((access) => !access.endsWith('stream_version_key'))).toEqual([
      'Index Scan events_pkey',
    ]);
    expect(lookedAt(plans)).toBeLessThanOrEqual(100);
  });

  test('a condition on a popular tag after position 0 finds its newest event first', async ({
    client,
    plansOf,
  }) => {
    await client.query('begin');
    await client.query(
      `select leftfold.append('account-7', '[{"type": "account.opened", "tags": ["branch:north"]}]')`,
    );
    const plans = await plansOf(checkOf(['branch:north'], 0));
    // Once for whether it is popular.
    expect(plans.flatMap(accessesOf)).toEqual(['Index Scan events_pkey', 'Index Scan events_pkey']);
    await client.query('rollback');
  });

  test.for([false, true])(
    'a batch looks up each stream and each id by an index, ids checked: %s',
    async (check, { plansOf }) => {
      const streams = Array.from({ length: 50 }, (_, index) => `account-${100 + index}`);
      const requests = streams.map((stream) =>
        requestOf(stream, 'any', `${mode}-${String(check)}-${stream}`),
      );
      const found = (await plansOf(statements.batch(requests, { checkEventIds: check }))).flatMap(accessesOf);
      expect(found.join()).not.toContain('whole table');
      const indexes = new Set(found.map((access) => access.split(' ').at(-1)));
      // By position: the event that a condition of the batch matches.
      const ofCheck = check ? ['events_event_id_key', 'events_pkey'] : [];
      expect(indexes).toEqual(new Set(['events_stream_version_key', ...ofCheck]));
    },
  );
});

describe('with a plan that was made while the log was short', () => {
  const test = tests.short;

  test('a condition looks at few events', async ({ client, plansOf }) => {
    guarantee('indexed-statements');
    // New statistics would have all plans made anew, at some time.
    await client.query('alter table leftfold.events set (autovacuum_enabled = off)');
    await client.query('set plan_cache_mode = force_generic_plan; set jit = on');
    const grow = (from: number, to: number) =>
      client.query(
        `insert into leftfold.events
         select nextval('leftfold.event_position'), number, clock_timestamp(), 1, 'account-1', 'seed-' || number,
                'account.opened', '{}', '{}', array['owner:' || number]
           from generate_series($1::integer, $2::integer) as number`,
        [from, to],
      );
    const search = (owner: number, after: number) => checkOf([`owner:${owner}`], after);
    await grow(1, 20);
    await client.query('analyze leftfold.events');
    await client.query(search(1, 0).text, search(1, 0).values);
    await grow(21, 20_000);
    await explainAll(client);
    for (const [after, indexes] of [
      [19_900, ['events_pkey']],
      [0, ['events_pkey', 'events_tags_idx']],
    ] as const) {
      const plans = await plansOf(search(300, after));
      expect(plans.flatMap(accessesOf).map((access) => access.split(' ').at(-1))).toEqual(indexes);
      expect(lookedAt(plans)).toBeLessThanOrEqual(100);
    }
  });
});

/** The check of one condition. `types` is a list as text. */
function checkOf(tags: readonly string[], after: number, types: string | null = null) {
  return {
    text: `select leftfold._find_latest_matches(1, '{1}', array[$1::text[]::text], array[$2], '{null}', array[$3::bigint])`,
    values: [tags, types, after],
  };
}

/** An append of one event to one stream. */
function requestOf(streamId: string, expectedVersion: ExpectedVersion, eventId: string): AppendRequest {
  const event = {
    id: eventId,
    type: 'account.deposited',
    schemaVersion: 1,
    dataJson: '{"cents":1}',
    read: { schemaVersion: 1, data: { cents: 1 } },
    metadata: {},
    metadataJson: '{}',
    tags: [],
  };
  const streams = [{ streamId, expectedVersion, events: [event] }];
  return {
    streams,
    commandId: undefined,
    condition: undefined,
    era: undefined,
    tags: new Set(),
    types: new Set(['account.deposited']),
    eventCount: 1,
    size: 13,
    memory: 0,
  };
}

/** Fills the log. */
async function seed(client: pg.Client): Promise<void> {
  // 5,000 streams of 16 events, one of 20,000 and a category of 10 events; one event in a hundred has a tag that is its stream's alone, one
  // in two, but for the newest 1,000, a tag that all of them share, and one in a hundred of the older half another.
  await client.query(
    `insert into leftfold.events
     select nextval('leftfold.event_position'), row_number() over (partition by stream order by number),
            clock_timestamp(), 1, stream,
            'seed-' || number,
            case when stream = 'rare-1' then 'rare.happened'
                 when number % 10 = 0 then 'account.opened'
                 else 'account.deposited' end,
            '{"cents": 1}', '{}',
            case when number % 100 = 0 then array['owner:' || number % 5000] else '{}' end
            || case when number % 2 = 0 and number < $1::integer - 1000 then array['branch:north'] else '{}' end
            || case when number % 100 = 1 and number < 50000 then array['branch:closed'] else '{}' end
       from generate_series(0, $1::integer - 1) as number,
            lateral (select case when number % 5 = 0 then 'account-long'
                                 when number % 10000 = 2503 then 'rare-1'
                                 else 'account-' || number % 5000 end as stream) as place
      order by number`,
    [EVENTS],
  );
  await client.query('analyze leftfold.events');
}
