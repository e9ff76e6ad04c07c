import { runInNewContext } from 'node:vm';
import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { createMemoryStore } from '@leftfold/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../index.ts';

const events = defineEvents('box', { filled: z.object({ content: z.any() }) });

/** A box whose command takes the content that the schema accepts. */
function boxOf(schema: z.ZodType) {
  const box = defineAggregate({
    events,
    initialState: { filled: 0 },
    evolve: { filled: ({ filled }) => ({ filled: filled + 1 }) },
    commands: {
      fill: {
        input: z.object({ content: schema, keep: z.boolean() }),
        decide: (_state, { content, keep }, emit) => (keep ? emit.filled({ content }) : reject('not-kept')),
      },
    },
  });
  const store = createMemoryStore({ events: [events] });
  const executor = createCommandExecutor({ store, aggregates: [box] });
  return (content: unknown, keep: boolean, commandId?: string) =>
    executor.execute(box.command.fill('1', { content, keep }), commandId === undefined ? {} : { commandId });
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { value };
  return value;
}

const circle: { self?: unknown } = {};
circle.self = circle;

describe('a command whose input', () => {
  test.for([undefined, 'c-1'])('is a bigint that the event cannot hold fails typed, id %s', async (id) => {
    guarantee('invalid-input');
    for (const schema of [z.any(), z.bigint()]) {
      const refused = { code: 'INVALID_EVENT', issues: [{ code: 'not_json' }] };
      await expect(boxOf(schema)(1n, true, id)).rejects.toMatchObject(refused);
      expect(await boxOf(schema)(1n, false, id)).toMatchObject({ outcome: 'rejected' });
    }
  });

  test.for([z.string().refine(async () => true), z.string().transform(async (text) => text)])(
    'has an asynchronous schema fails with the definition’s error',
    async (schema) => {
      guarantee('invalid-input');
      await expect(boxOf(schema)('a', true)).rejects.toMatchObject({
        code: 'INVALID_DEFINITION',
        message: expect.stringContaining('command "box.fill" has an asynchronous refinement or transform'),
      });
    },
  );

  test.for([
    ['200,000 levels', nested(200_000)],
    ['a circle', circle],
  ] as const)('has %s fails typed, with an id and without', async ([, content]) => {
    guarantee('invalid-input');
    const deep = [{ code: 'too_deep' }];
    const inCommand = { code: 'INVALID_COMMAND', issues: deep };
    await expect(boxOf(z.any())(content, true)).rejects.toMatchObject(inCommand);
    await expect(boxOf(z.any())(content, true, 'c-1')).rejects.toMatchObject(inCommand);
    await expect(boxOf(z.any())(content, false, 'c-1')).rejects.toMatchObject(inCommand);
  });

  test('has more levels than its own schema can follow fails typed', async () => {
    guarantee('invalid-input');
    await expect(boxOf(z.json())(nested(200_000), true)).rejects.toMatchObject({
      code: 'INVALID_COMMAND',
      issues: [{ path: 'input', code: 'too_deep' }],
    });
  });

  test('makes its own refinement throw gets what it threw', async () => {
    const own = new Error('own');
    const schema = z.string().refine(() => {
      throw own;
    });
    await expect(boxOf(schema)('a', true)).rejects.toBe(own);
  });
});

test('an event holds the objects and lists of another realm, and no Map of it', async () => {
  guarantee('invalid-input');
  const content: unknown = runInNewContext('({ a: [{ b: 1 }] })');
  expect(await boxOf(z.any())(content, true, 'c-1')).toMatchObject({ events: [{ data: { content } }] });
  const map: unknown = runInNewContext('new Map()');
  await expect(boxOf(z.any())(map, true)).rejects.toMatchObject({
    code: 'INVALID_EVENT',
    issues: [{ path: 'content', code: 'not_json' }],
  });
});

test('metadata of an event overrides none that finds the events of a command again', async () => {
  guarantee('commands-take-effect-once');
  const cause = {
    commandId: 'other',
    command: 'basket.checkout',
    commandFingerprint: 'x',
    correlationId: 'k-1',
    causationId: 'k-2',
    actor: 'importer',
    traceparent: '00-1',
    note: 'own',
  };
  const box = defineAggregate({
    events,
    initialState: { filled: 0 },
    evolve: { filled: ({ filled }) => ({ filled: filled + 1 }) },
    commands: {
      fill: {
        input: z.object({}),
        decide: ({ filled }, _input, emit) =>
          filled > 0 ? reject('full') : emit.filled({ content: 1 }, { metadata: cause }),
      },
    },
  });
  const executor = createCommandExecutor({
    store: createMemoryStore({ events: [events] }),
    aggregates: [box],
  });
  const fill = () =>
    executor.execute(box.command.fill('1', {}), {
      commandId: 'fill-1',
      metadata: { actor: 'ada', traceparent: '00-2' },
    });
  const first = await fill();
  expect(first).toMatchObject({
    outcome: 'accepted',
    duplicate: false,
    events: [
      {
        metadata: {
          commandId: 'fill-1',
          command: 'box.fill',
          correlationId: 'fill-1',
          causationId: 'fill-1',
          actor: 'importer',
          traceparent: '00-1',
          note: 'own',
        },
      },
    ],
  });
  expect(await fill()).toMatchObject({ outcome: 'accepted', duplicate: true });
});
