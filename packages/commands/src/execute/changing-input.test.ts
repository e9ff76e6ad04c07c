import { defineAggregate, defineEvents } from '@leftfold/core';
import { collect } from '@leftfold/testbed/outcome';
import { createMemoryStore } from '@leftfold/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../index.ts';

const events = defineEvents('box', {
  filled: z.object({ content: z.any() }),
  labelled: z.object({ label: z.string().trim(), copies: z.coerce.number().default(1) }),
});
const box = defineAggregate({
  events,
  initialState: { contents: [] as unknown[] },
  evolve: {
    filled: ({ contents }, { content }) => ({ contents: [...contents, content] }),
    labelled: ({ contents }, data) => ({ contents: [...contents, data] }),
  },
  commands: {
    fill: {
      input: z.object({ content: z.any() }),
      decide: (_state, { content }, emit) => emit.filled({ content }),
    },
    label: {
      input: z.object({ label: z.string().toUpperCase(), copies: z.coerce.number().default(2) }),
      decide: (_state, { label, copies }, emit) => emit.labelled({ label: ` ${label} `, copies }),
    },
    relabel: {
      input: z.object({}),
      decide: (_state, _input, emit) => ({
        ...emit.labelled({ label: 'x' }),
        data: { label: ' Y ' } as never,
      }),
    },
  },
});

function opened() {
  const store = createMemoryStore({ events: [events] });
  return { store, executor: createCommandExecutor({ store, aggregates: [box] }) };
}

/** A value that is another one each time it is read. */
function changing() {
  let reads = 0;
  return {
    get value() {
      reads += 1;
      return reads;
    },
  };
}

test('log, result and state have one value of content that changes when it is read', async () => {
  const { store, executor } = opened();
  const result = await executor.execute(box.command.fill('1', { content: changing() }));
  const [stored] = await collect(store.readStream('box-1'));
  const { state } = await executor.load(box, '1');
  expect(result).toMatchObject({ events: [{ data: stored?.data }] });
  expect({ content: state.contents[0] }).toEqual(stored?.data);
});

test('log, result and state have the output of the schema, also of an event made by hand', async () => {
  const { store, executor } = opened();
  const given = { label: 'tea', copies: '3' } as never;
  const results = [
    await executor.execute(box.command.label('1', given)),
    await executor.execute(box.command.label('1', { label: 'tea' })),
    await executor.execute(box.command.relabel('1', {})),
  ];
  const expected = [
    { label: 'TEA', copies: 3 },
    { label: 'TEA', copies: 2 },
    { label: 'Y', copies: 1 },
  ];
  expect(results.flatMap((result) => (result.outcome === 'accepted' ? result.events : []))).toMatchObject(
    expected.map((data) => ({ data })),
  );
  const stored = await collect(store.readStream('box-1'));
  expect(stored.map(({ data }) => data)).toEqual(expected);
  const { state } = await executor.load(box, '1');
  expect(state.contents).toEqual(expected);
});
