import type { Statement } from '@leftfold/postgres';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import pg from 'pg';
import { describe, expect } from 'vitest';
import { readPageStatement, readStreamStatement } from '../src/sql/events.ts';
import { migratedLog } from './store-test.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface ExplainedStatement {
  readonly 'Query Text'?: string;
  readonly Plan: PlanNode;
}

const nodesOf = (plan: PlanNode): readonly PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** How a plan gets at the log: `<node> <index>`, one for each access. */
function accessesOf({ Plan }: ExplainedStatement): readonly string[] {
  return nodesOf(Plan)
    .filter((node) => node['Index Name'] !== undefined || node['Relation Name'] === 'events')
    .filter((node) => !['ModifyTable', 'Bitmap Heap Scan'].includes(node['Node Type']))
    .map((node) => `${node['Node Type']} ${node['Index Name'] ?? 'of the whole table'}`);
}

const EVENTS = 100_000;

const modes = ['force_custom_plan', 'force_generic_plan'] as const;

/** Tests on a log and a session of their own. `plansOf` runs a statement and returns the plans of all it runs. */
function plansTest() {
  const explained: ExplainedStatement[] = [];
  let serial = 0;
  return databaseTest(migratedLog)
    .extend('client', { scope: 'file' }, async ({ database }, { onCleanup }) => {
      const client = new pg.Client({ connectionString: database.connectionString });
      client.on('notice', ({ message = '' }) => {
        const json = message.indexOf('{');
        if (message.includes('plan:') && json > 0)
          explained.push(JSON.parse(message.slice(json)) as ExplainedStatement);
      });
      await client.connect();
      onCleanup(() => client.end());
      return client;
    })
    .extend('explained', () => explained)
    .extend('plansOf', ({ client }) => async ({ text, values }: Pick<Statement, 'text' | 'values'>) => {
      explained.length = 0;
      await client.query({ name: `plan ${(serial += 1)}`, text, values: [...values] });
      return explained;
    });
}

const tests = {
  force_custom_plan: plansTest(),
  force_generic_plan: plansTest(),
};

describe.each(modes)('with 100,000 events and %s', (mode) => {
  const test = tests[mode];

  test.beforeAll(async ({ client }) => {
    await seed(client);
    // Plans of statements inside functions, as they were run.
    await client.query(`
      load 'auto_explain';
      set auto_explain.log_min_duration = 0;
      set auto_explain.log_nested_statements = on;
      set auto_explain.log_analyze = on;
      set auto_explain.log_format = json;
      set auto_explain.log_level = notice;
      set plan_cache_mode = ${mode}`);
  });

  const range = { from: 1, to: Number.MAX_SAFE_INTEGER, backwards: false, limit: 1_000 };
  const untilNever = { untilPosition: undefined, untilTime: undefined };

  test.for([false, true])(
    'a page of a long stream is one range of its index, which ends with the page, backwards: %s',
    async (backwards, { plansOf }) => {
      guarantee('indexed-statements');
      const options = { ...range, ...untilNever, backwards };
      const plans = await plansOf(readStreamStatement('leftfold', 'account-long', options));
      expect(plans.flatMap(accessesOf)).toEqual(['Index Scan events_stream_version_key']);
      expect(nodesOf(plans[0]!.Plan).map((node) => node['Actual Rows'])).toEqual([1_000, 1_000]);
    },
  );

  test.for([untilNever, { untilPosition: undefined, untilTime: new Date('2100-01-01') }])(
    'a short stream is found by its index, and no other event is looked at',
    async (until, { plansOf }) => {
      const plans = await plansOf(readStreamStatement('leftfold', 'account-7', { ...range, ...until }));
      const found = new Set(plans.flatMap(accessesOf).map((access) => access.split(' ').at(-1)));
      expect(found).toEqual(new Set(['events_stream_version_key']));
      const rows = plans.flatMap(({ Plan }) => nodesOf(Plan)).map((node) => node['Actual Rows'] ?? 0);
      expect(Math.max(...rows)).toBe(20);
    },
  );

  test.for([{}, { types: ['account.opened'] }, { category: 'account' }])(
    'a page of the log with the filter %j is one range of its positions, which ends with the page',
    async (filter, { plansOf }) => {
      guarantee('indexed-statements');
      const plans = await plansOf(
        readPageStatement('leftfold', { after: 50_000, upTo: EVENTS, limit: 100 }, filter),
      );
      expect(plans.flatMap(accessesOf)).toEqual(['Index Scan events_pkey']);
      expect(nodesOf(plans[0]!.Plan).map((node) => node['Actual Rows'])).toEqual([100, 100]);
    },
  );

  test('a page of the log by a tag is found by the tag, however often it was read', async ({
    client,
    explained,
  }) => {
    // Forced to be generic, Postgres cannot know how rare the tag is; left alone it sees what that would cost.
    await client.query('set plan_cache_mode = auto');
    const statement = readPageStatement(
      'leftfold',
      { after: 0, upTo: EVENTS, limit: 100 },
      { tags: ['owner:1700'] },
    );
    for (let count = 0; count < 8; count += 1)
      await client.query({ ...statement, values: [...statement.values] });
    explained.length = 0;
    await client.query({ ...statement, values: [...statement.values] });
    await client.query(`set plan_cache_mode = ${mode}`);
    expect(explained.flatMap(accessesOf)).toContain('Bitmap Index Scan events_tags_idx');
  });

  test('the settled mark looks at the newest entry of the positions', async ({ plansOf }) => {
    const plans = await plansOf({ text: 'select settled from leftfold.settled_mark()', values: [] });
    expect(plans.flatMap(accessesOf)).toEqual(['Index Only Scan events_pkey']);
    const rows = plans
      .flatMap(({ Plan }) => nodesOf(Plan))
      .filter((node) => node['Index Name'] === 'events_pkey');
    expect(rows.map((node) => node['Actual Rows'])).toEqual([1]);
  });

  test('an append of one event looks up the newest version, and probes nothing else', async ({ plansOf }) => {
    guarantee('indexed-statements');
    const text = `select * from leftfold.append_one($1, $2, $3, 'account.deposited', 1, '{"cents": 1}', '{}', '{}')`;
    const plans = await plansOf({ text, values: ['account-7', 20, `one-${mode}`] });
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
      const text = `select leftfold.newest_match($1, array['account.opened', 'account.deposited'], $2) as match`;
      const plans = await plansOf({ text, values: [tags, after] });
      const found = new Set(plans.flatMap(accessesOf).map((access) => access.split(' ').at(-1)));
      expect(found).toEqual(new Set(indexes));
      const looked = plans
        .flatMap(({ Plan }) => nodesOf(Plan))
        .map((node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0));
      expect(Math.max(...looked)).toBeLessThanOrEqual(most);
    },
  );

  test('a condition on a popular tag behind position 0 is refused by the newest event that has it', async ({
    client,
    plansOf,
  }) => {
    await client.query('begin');
    await client.query(
      `select leftfold.append('account-7', '[{"type": "account.opened", "tags": ["branch:north"]}]')`,
    );
    const text = `select leftfold.newest_match(array['branch:north'], null, 0)`;
    const plans = await plansOf({ text, values: [] });
    expect(plans.flatMap(accessesOf)).toEqual(['Index Scan events_pkey']);
    await client.query('rollback');
  });

  test.for([false, true])(
    'a batch looks up each stream and each id by an index, ids checked: %s',
    async (check, { plansOf }) => {
      const streams = Array.from({ length: 50 }, (_, index) => `account-${100 + index}`);
      const numbers = streams.map((_, index) => index + 1);
      const ones = streams.map(() => 1);
      const found = (
        await plansOf({
          text: `select * from leftfold.append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
          values: [
            numbers,
            streams,
            streams.map(() => -1),
            ones,
            numbers,
            numbers,
            ones,
            streams,
            streams.map((stream) => `${mode}-${String(check)}-${stream}`),
            streams.map(() => 'account.deposited'),
            ones,
            JSON.stringify(streams.map(() => ({ cents: 1 }))),
            JSON.stringify(streams.map(() => ({}))),
            streams.map(() => null),
            streams.map(() => null),
            check,
          ],
        })
      ).flatMap(accessesOf);
      expect(found.join()).not.toContain('whole table');
      const indexes = new Set(found.map((access) => access.split(' ').at(-1)));
      expect(indexes).toEqual(
        new Set(['events_stream_version_key', ...(check ? ['events_event_id_key'] : [])]),
      );
    },
  );
});

/** Fills the log. */
async function seed(client: pg.Client): Promise<void> {
  // 5,000 streams of 16 events and one of 20,000; one event in a hundred has a tag that is its stream's alone, one
  // in two, but for the newest 1,000, a tag that all of them share, and one in a hundred of the older half another.
  await client.query(
    `insert into leftfold.events
     select nextval('leftfold.event_position'), row_number() over (partition by stream order by number),
            clock_timestamp(), 1, stream,
            'seed-' || number, case number % 10 when 0 then 'account.opened' else 'account.deposited' end,
            '{"cents": 1}', '{}',
            case when number % 100 = 0 then array['owner:' || number % 5000] else '{}' end
            || case when number % 2 = 0 and number < $1::integer - 1000 then array['branch:north'] else '{}' end
            || case when number % 100 = 1 and number < 50000 then array['branch:closed'] else '{}' end
       from generate_series(0, $1::integer - 1) as number,
            lateral (select case number % 5 when 0 then 'account-long' else 'account-' || number % 5000 end as stream) as place
      order by number`,
    [EVENTS],
  );
  await client.query('analyze leftfold.events');
}
