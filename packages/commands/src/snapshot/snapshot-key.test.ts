import { defineAggregate, defineEvents, schemaVersions } from '@leftfold/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { snapshotKeyOf } from './snapshot-key.ts';

const v1 = z.object({ to: z.number() });

function counter(options: {
  shape?: Parameters<typeof defineEvents>[1][string];
  initial?: object;
  stateVersion?: number;
}) {
  const { shape = v1, initial = { n: 0 }, stateVersion = 1 } = options;
  return defineAggregate({
    events: defineEvents('counter', { set: shape }),
    initialState: initial,
    stateVersion,
    evolve: { set: (state) => state },
    commands: {},
  });
}

test('the key stays while the meaning of the state stays', () => {
  expect(snapshotKeyOf(counter({}))).toBe(snapshotKeyOf(counter({})));
  expect(snapshotKeyOf(counter({}))).toMatch(/^counter\/1\/[0-9a-f]{16}$/);
});

test('the key changes with the state version, the initial state, and the version of an event', () => {
  const next = schemaVersions(v1).next(z.object({ to: z.number(), by: z.string() }), (data) => ({
    ...data,
    by: '',
  }));
  const keys = [
    counter({}),
    counter({ stateVersion: 2 }),
    counter({ initial: { n: 0, by: '' } }),
    counter({ shape: next }),
  ];
  expect(new Set(keys.map(snapshotKeyOf)).size).toBe(4);
});
