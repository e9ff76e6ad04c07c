import { type AnyCommand, type CustomMetadata, defineAggregate, defineEvents, reject } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import type { ExecuteMessageCommand, MessageContext } from '../src/index.ts';
import { message, sequence, SOURCE, test } from './consumer-test.ts';

const parcel = defineAggregate({
  events: defineEvents('parcel', { packed: z.object({ amount: z.int() }) }),
  initialState: {},
  evolve: { packed: (state) => state },
  rejections: ['no-room'],
  commands: {
    pack: {
      input: z.object({ amount: z.int() }),
      decide: (_state, input, emit) => (input.amount > 0 ? emit.packed(input) : reject('no-room')),
    },
  },
});
const pack = (id: string, amount = 1) => parcel.command.pack(id, { amount });

interface Executed {
  readonly command: AnyCommand;
  readonly commandId: string;
  readonly metadata: CustomMetadata;
}

/** Keeps what it is given, and accepts it. */
function recorder() {
  const executed: Executed[] = [];
  const execute: ExecuteMessageCommand = async (command, options) => {
    executed.push({ command, ...options });
    return { outcome: 'accepted', duplicate: false, token: 'v1.0' as never };
  };
  return { executed, execute };
}

describe('a command of a message', () => {
  test('has the same id each time, and another one for each call, message and consumer', async ({ shop }) => {
    guarantee('commands-of-messages-once');
    const { executed, execute } = recorder();
    const failing = new Set(['a', 'b']);
    const running = (name: string) =>
      shop.running(execute, {
        name,
        on: {
          'orders.placed': async ({ key }, context) => {
            await context.execute(pack(key));
            await context.execute(pack(key), { metadata: { actor: 'ada' } });
            if (failing.delete(key)) throw new Error('after the commands');
          },
        },
      });
    const shipping = await running('shipping');
    await shop.acknowledged(...shop.sendChain('a', [1]), ...shop.sendChain('b', [2]));
    await until(async () => executed.length === 8);
    await shipping.stop();
    await running('billing');
    await shop.acknowledged(...shop.sendChain('a', [1]));
    await until(async () => executed.length === 10);
    const counts = new Map<string, number>();
    for (const { commandId } of executed) counts.set(commandId, (counts.get(commandId) ?? 0) + 1);
    // Two calls for each of two messages, twice; and in the other consumer.
    expect([...counts.values()].toSorted((one, other) => one - other)).toEqual([1, 1, 2, 2, 2, 2]);
    expect(executed.map(({ metadata }) => metadata['actor'])).toContain('ada');
  });

  test('is not executed when the message is not the next one after all', async ({ shop }) => {
    guarantee('commands-of-messages-once');
    const { executed, execute } = recorder();
    await shop.running(execute, { commands: { 'orders.placed': ({ key }) => pack(key) } });
    await shop.acknowledged(...shop.sendChain('a', [1]));
    expect(executed).toHaveLength(1);
    // Another process has handled the next one, which this one takes for the next one of its key.
    await shop.pool.query(
      `update "${shop.schema}".inbox set sequence = $1, message_id = 'event-2' where key = 'a'`,
      [sequence(2)],
    );
    const forked = shop.broker.send(message('a', 3, { previous: 1 }));
    await shop.acknowledged(forked);
    expect(shop.codes()).toEqual(['SOURCE_REWOUND']);
    expect(executed).toHaveLength(1);
  });

  test('joins the correlation and the trace of the message', async ({ shop }) => {
    const { executed, execute } = recorder();
    await shop.running(execute, { commands: { 'orders.placed': ({ key }) => pack(key) } });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const plain = message('a', 1);
    const traced = {
      ...message('b', 2),
      attributes: { ...message('b', 2).attributes, correlationid: 'checkout-1', traceparent },
    };
    await shop.acknowledged(shop.broker.send(plain));
    await shop.acknowledged(shop.broker.send(traced));
    expect(executed.map(({ metadata }) => metadata)).toEqual([
      { correlationId: 'event-1', causationId: 'event-1' },
      { correlationId: 'checkout-1', causationId: 'event-2', traceparent },
    ]);
  });

  test('that is rejected fails its message, which is tried again', async ({ shop }) => {
    const { executed, execute } = recorder();
    const rejecting: ExecuteMessageCommand = async (command, options) => {
      const result = await execute(command, options);
      const { token } = result;
      if (executed.length >= 3) return result;
      return { outcome: 'rejected', command: 'parcel.pack', reason: 'no-room', token };
    };
    await shop.running(rejecting, {
      commands: { 'orders.placed': ({ key }) => [pack(key), pack(`${key}-2`)] },
    });
    await shop.acknowledged(...shop.sendChain('a', [1]));
    await until(async () => executed.length === 4);
    expect(shop.codes()).toEqual(['COMMAND_REJECTED', 'COMMAND_REJECTED']);
    expect(shop.incidents[0]?.error).toMatchObject({ command: 'parcel.pack', reason: 'no-room' });
    expect(executed.map(({ command }) => (command as { readonly id: string }).id)).toEqual([
      'a',
      'a',
      'a',
      'a-2',
    ]);
  });

  test('that the handler does not wait for fails its message', async ({ shop }) => {
    const { execute } = recorder();
    const runner = await shop.running(execute, {
      retry: { attempts: 1 },
      on: {
        'orders.placed': async ({ key }, context) => {
          void context.execute(pack(key));
        },
      },
    });
    await shop.acknowledged(...shop.sendChain('a', [1]));
    expect(await runner.parked({ name: 'shipping' }).list()).toMatchObject([
      { key: 'a', failure: { message: expect.stringContaining('await the promise of execute') as string } },
    ]);
  });

  test('is none of a message without commands, nor of a consumer without an app', async ({ shop }) => {
    const { executed, execute } = recorder();
    const runner = await shop.running(execute, { commands: { 'orders.placed': () => [] } });
    await shop.acknowledged(...shop.sendChain('a', [1]));
    expect(executed).toEqual([]);
    await runner.stop();
    let failure: unknown;
    await shop.started(
      async (_amount, context) => {
        const { execute: none } = context as MessageContext & {
          readonly execute: (command: AnyCommand) => Promise<unknown>;
        };
        failure = await failureOf(none(pack('a')));
      },
      { name: 'billing' },
    );
    await shop.acknowledged(...shop.sendChain('b', [2]));
    await until(async () => failure !== undefined);
    expect(String(failure)).toContain('define it by defineConsumer');
  });
});

test('a consumer that stopped at a message is resumed', async ({ shop }) => {
  const { executed, execute } = recorder();
  let broken = true;
  const runner = await shop.running(execute, {
    onFailure: 'stop',
    retry: { attempts: 1 },
    commands: {
      'orders.placed': ({ key }) => {
        if (broken) throw new Error('broken');
        return pack(key);
      },
    },
  });
  const shipping = { name: 'shipping' };
  const sent = shop.sendChain('a', [1, 2]);
  await until(async () => (await runner.status())[0]?.state === 'stopped');
  broken = false;
  await Promise.all([runner.resume(shipping), runner.resume(shipping)]);
  await shop.acknowledged(...sent);
  await until(async () => executed.length === 2);
  await runner.waitFor(shipping, { source: SOURCE, key: 'a', token: 'v1.2.event-2' as never });
  await runner.resume(shipping);
  expect(await runner.status()).toMatchObject([{ name: 'shipping', state: 'connected' }]);
  expect(await failureOf(runner.resume({ name: 'billing' }))).toMatchObject({
    message: 'consumer is none of "shipping"',
  });
});
