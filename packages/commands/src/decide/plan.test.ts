import {
  type AnyCommand,
  defineAggregate,
  defineDecision,
  defineEvents,
  InvalidArgumentError,
  InvalidNameError,
} from '@leftfold/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { commandNameOf } from '@leftfold/core/input';

test('a name within a command that is no text is refused, however deep', () => {
  let nested: unknown = [];
  for (let level = 0; level < 100_000; level += 1) nested = [nested];
  const name = nested as string;
  const input = {};
  for (const command of [
    { decision: name, ids: {}, input },
    { aggregate: name, id: '1', name: 'open', input },
    { aggregate: 'account', id: '1', name, input },
  ]) {
    expect(() => commandNameOf(command)).toThrow(InvalidNameError);
  }
});

test('a definition in place of a command is refused, with the call that makes one', () => {
  const account = defineAggregate({
    events: defineEvents('account', { opened: z.object({}) }),
    initialState: {},
    evolve: { opened: (state) => state },
    commands: { open: { input: z.object({}), decide: (_state, _input, emit) => emit.opened({}) } },
  });
  const twice = defineDecision({
    name: 'twice',
    input: z.object({ id: z.string() }),
    reads: ({ id }) => ({ account: account.at(id) }),
    decide: (_states, _input, emit) => emit.account.opened({}),
  });
  const refusedFor = (kind: string, call: string) =>
    new InvalidArgumentError(
      'command',
      `must be a command, not the definition of ${kind}; make one with ${call}`,
    );
  const nameOf = (given: unknown) => () => commandNameOf(given as AnyCommand);
  expect(nameOf(account)).toThrow(refusedFor('an aggregate', '.command.<name>(id, input)'));
  expect(nameOf(twice)).toThrow(refusedFor('a decision', '.command(input)'));
  // A command may have more members than are read.
  expect(commandNameOf({ ...account.command.open('1', {}), command: 'open' } as AnyCommand)).toBe(
    'account.open',
  );
});
