import { defineProjection, defineTableProjection } from '@leftfold/core';
import { accountEvents } from '@leftfold/testbed/bank';
import { createEventStore } from '@leftfold/event-store';
import { createProjectionRunner, inlineProjections } from '../src/index.ts';

// Keeps eight projections up to date, of events and rows that are as large as the limits allow, in a process of its own with
// little memory. Rebuilds them once.
const [connectionString = '', schema = ''] = process.argv.slice(2);
const more = ({ data }: { readonly data: unknown }) => (data as { readonly more: string }).more;
const four = ['a', 'b', 'c', 'd'];
const folded = four.map((letter) =>
  defineTableProjection({
    name: `folded_${letter}`,
    mode: letter === 'd' ? 'inline' : 'async',
    events: [accountEvents],
    columns: { position: 'bigint', more: 'jsonb' },
    key: ({ position }) => ({ position }),
    initialRow: { more: null },
    evolve: { 'account.deposited': (row, event) => ({ ...row, more: more(event) }) },
  }),
);
const handled = four.map((letter) =>
  defineProjection({
    name: `handled_${letter}`,
    mode: letter === 'd' ? 'inline' : 'async',
    events: [accountEvents],
    tables: { found: { columns: { position: 'bigint', bytes: 'integer' }, primaryKey: ['position'] } },
    on: {
      'account.deposited': async (tx, event) => {
        await tx
          .insertInto('found')
          .values({ position: event.position, bytes: JSON.stringify(event.data).length })
          .execute();
      },
    },
  }),
);
const projections = [...folded, ...handled];
await using store = createEventStore({
  connectionString,
  schema,
  events: [accountEvents],
  inline: inlineProjections(projections, { schema }),
});
await using runner = createProjectionRunner({ store, projections });
await runner.start();
await Promise.all(projections.map((one) => runner.whenCaughtUp(one)));
await Promise.all(projections.map((one) => runner.reset(one)));
await Promise.all(projections.map((one) => runner.whenCaughtUp(one)));
const statuses = await runner.status();
process.stdout.write(statuses.map(({ name, state }) => `${name} ${state}`).join('\n'));
