import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AppendOptions, defineEvents, type NewEvent } from '@leftfold/core';
import { z } from 'zod';
import { createEventStore } from '../src/index.ts';

// Appends without awaiting, in a process of its own with little memory, until an append is refused. Then awaits those that
// were not.
const [connectionString = '', what = ''] = process.argv.slice(2);
const events = defineEvents('bulk', { stored: z.object({ more: z.any() }) });
await using store = createEventStore({ connectionString, events: [events] });

const list = <TItem>(length: number, item: (index: number) => TItem) =>
  Array.from({ length }, (_, n) => item(n));
/** The largest tags, each a text of its own in memory. */
const tags = () => list(64, (index) => `${what}:${index}`.padEnd(255, 'x')) as [string, ...string[]];
const stored = (data: Record<string, unknown>): NewEvent => ({
  type: 'bulk.stored',
  schemaVersion: 1,
  data: data as NewEvent['data'],
});
const emptyObjects = (count: number) => list(count, () => ({}));

interface Append {
  readonly events: readonly NewEvent[];
  readonly options?: AppendOptions<'bulk.stored'>;
}
const appends: Readonly<Record<string, (index: number) => Append>> = {
  small: () => ({ events: [stored({ more: 0 })] }),
  objects: () => ({ events: [stored({ more: emptyObjects(250_000) })] }),
  'what the schema leaves out': () => ({
    events: [stored({ more: 'x'.repeat(100_000), less: emptyObjects(30_000) })],
  }),
  texts: (index) => ({ events: [stored({ more: `${index}`.padEnd(300_000, '€') })] }),
  tags: () => ({ events: list(1_000, () => ({ ...stored({ more: 0 }), tags: tags() })) }),
  conditions: () => ({
    events: [stored({ more: 0 })],
    options: { condition: { failIfMatch: list(64, () => ({ tags: tags() })) } },
  }),
};

const waiting: Promise<unknown>[] = [];
let refused: unknown;
for (let index = 0; refused === undefined; index += 1) {
  const { events: given, options } = appends[what]!(index);
  const appended = store.append(`bulk-${index}`, given, options);
  waiting.push(appended);
  appended.catch((error: unknown) => {
    refused ??= error;
  });
  await nextTurn();
}
process.stdout.write(`${(refused as { code?: string }).code}\n`);
const results = await Promise.allSettled(waiting);
process.stdout.write(`${results.filter(({ status }) => status === 'fulfilled').length}\n`);
const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
process.stdout.write(`${failed.length}\n`);
for (const error of new Set(failed.map(({ message }) => message))) console.error(error);
