import { defineAggregate, defineDecision, defineEvents, reject } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { createMemoryStore } from '@leftfold/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../index.ts';

const given = () => ({
  list: [1, { deep: [2] }],
  at: new Date(3),
  byName: new Map([['a', [4]]]),
  names: new Set(['e']),
  bytes: Buffer.from([6]),
});
type Given = ReturnType<typeof given>;

/** Changes all parts of an input that can change. */
function change({ list, at, byName, names, bytes }: Given): void {
  (list[1] as { deep: number[] }).deep.push(0);
  list.push(0);
  at.setTime(0);
  byName.get('a')?.push(0);
  byName.set('b', []);
  names.add('z');
  bytes[0] = 0;
}

const anyParts = z.object({
  list: z.any(),
  at: z.date(),
  byName: z.unknown(),
  names: z.custom<Set<string>>(),
  bytes: z.instanceof(Uint8Array),
});
const events = defineEvents('box', { filled: z.object({ number: z.int() }) });

/** A box, and what its decide has seen of each input; it changes what it gets. */
function opened() {
  const seen: Given[] = [];
  const decide = (input: unknown): void => {
    seen.push(structuredClone(input as Given));
    change(input as Given);
  };
  const box = defineAggregate({
    events,
    initialState: { filled: 0 },
    evolve: { filled: ({ filled }) => ({ filled: filled + 1 }) },
    commands: {
      fill: {
        input: anyParts,
        decide: ({ filled }, input, emit) => {
          decide(input);
          return emit.filled({ number: filled + 1 });
        },
      },
    },
  });
  const fillBoth = defineDecision({
    name: 'fill-both',
    input: anyParts,
    reads: (input) => {
      change(input as unknown as Given);
      return { one: box.at('1'), other: box.at('2') };
    },
    decide: ({ one }, input, emit) => {
      decide(input);
      return one.filled > 9 ? reject('full') : emit.one.filled({ number: one.filled + 1 });
    },
  });
  const store = createMemoryStore({ events: [events] });
  const gate = new Gate();
  const executor = createCommandExecutor({
    store,
    aggregates: [box],
    decisions: [fillBoth],
    middleware: [
      async (execution, next) => {
        await gate.pass();
        return next(execution);
      },
    ],
  });
  return { box, fillBoth, store, executor, gate, seen };
}

const expected = structuredClone(given());

describe('decide', () => {
  test.for(['fill', 'fill-both'] as const)('of %s gets what was given, in each attempt', async (which) => {
    guarantee('input-at-the-call');
    const { box, fillBoth, store, executor, gate, seen } = opened();
    const input = given();
    const command = which === 'fill' ? box.command.fill('1', input) : fillBoth.command(input);
    const read = store.readStream.bind(store);
    let conflicts = 2;
    store.readStream = (...args) => {
      change(input);
      return read(...args);
    };
    const append = store.append.bind(store);
    const loseRace = async () => {
      change(input);
      conflicts -= 1;
      if (conflicts >= 0) await append('box-1', [events.create.filled({ number: 0 })]);
    };
    store.append = (...args) => loseRace().then(() => append(...args));
    const appendToStreams = store.appendToStreams.bind(store);
    store.appendToStreams = (...args) => loseRace().then(() => appendToStreams(...args));
    const executing = executor.execute(command as never, { commandId: 'c-1' });
    await gate.reached();
    change(input);
    gate.open();
    expect(await executing).toMatchObject({ outcome: 'accepted', duplicate: false });
    expect(seen).toHaveLength(3);
    for (const one of seen) expect(one).toEqual(expected);
    // Its fingerprint is of that input, too.
    const again = which === 'fill' ? box.command.fill('1', given()) : fillBoth.command(given());
    expect(await executor.execute(again as never, { commandId: 'c-1' })).toMatchObject({
      outcome: 'accepted',
      duplicate: true,
    });
  });
});

test('metadata is what was given with the call', async () => {
  guarantee('input-at-the-call');
  const { box, store, executor, gate } = opened();
  const metadata = { labels: ['a'] };
  const executing = executor.execute(box.command.fill('1', given()), { metadata });
  await gate.reached();
  metadata.labels.push('b');
  gate.open();
  await executing;
  expect(await collect(store.readStream('box-1'))).toMatchObject([{ metadata: { labels: ['a'] } }]);
});

test('an input that cannot be read, or contains itself, is refused', async () => {
  const { box, executor, gate } = opened();
  gate.open();
  const circle: unknown[] = [];
  circle.push(circle);
  const unreadable = {
    get secret() {
      throw new Error('secret');
    },
  };
  for (const [list, code] of [
    [circle, 'too_deep'],
    [unreadable, 'unreadable'],
  ] as const) {
    const command = box.command.fill('1', { ...given(), list });
    await expect(executor.execute(command)).rejects.toMatchObject({
      code: 'INVALID_COMMAND',
      issues: [{ path: 'input', code }],
    });
  }
});

test('a command that cannot be read is refused', async () => {
  const { box, executor, gate } = opened();
  gate.open();
  const ownKeys = () => {
    throw new Error('secret');
  };
  const command = new Proxy(box.command.fill('1', given()), { ownKeys });
  await expect(executor.execute(command)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
