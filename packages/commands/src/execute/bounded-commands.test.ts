import { defineAggregate, defineEvents } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { createMemoryStore } from '@leftfold/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../index.ts';

const events = defineEvents('note', { written: z.object({}) });
const note = defineAggregate({
  events,
  initialState: {},
  evolve: { written: (state) => state },
  commands: {
    write: { input: z.object({ text: z.string() }), decide: (_state, _input, emit) => emit.written({}) },
  },
});
const { write } = note.command;

/** One text, which all commands share: the limit estimates what each would take. */
const large = 'x'.repeat(1_000_000);
const ways = {
  input: { text: large, metadata: {} },
  metadata: { text: '', metadata: { text: large } },
};

test.for(['input', 'metadata'] as const)(
  'commands that wait are refused when they take too much memory by their %s',
  async (part) => {
    guarantee('bounded-waits');
    const gate = new Gate();
    const bank = createCommandExecutor({
      store: createMemoryStore({ events: [events] }),
      aggregates: [note],
      middleware: [
        async (execution, next) => {
          await gate.pass();
          return next({ ...execution, command: write('1', { text: '' }), metadata: {} });
        },
      ],
    });
    const execute = () => {
      const { text, metadata } = ways[part];
      return bank.execute(write('1', { text }), { metadata });
    };
    // 128 MiB, of two bytes for a character.
    const waiting = Array.from({ length: 68 }, execute);
    expect(await failureOf(execute())).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('for what 68 of them take in memory'),
    });
    gate.open();
    expect(await Promise.all(waiting)).toHaveLength(68);
    expect(await execute()).toMatchObject({ outcome: 'accepted' });
  },
);
