import { InvalidNameError } from '@leftfold/core';
import { expect, test } from 'vitest';
import { commandNameOf } from './plan.ts';

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
