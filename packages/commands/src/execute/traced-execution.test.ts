import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import { traced } from '@leftfold/core';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';

interface Message {
  readonly name: string;
  size?: number;
}

/** A channel with a subscriber that freezes each message. */
function freezingChannel(name: string) {
  const channel = tracingChannel<unknown, Message>(name);
  const ignore = () => {};
  const handlers = {
    start: (message: Message) => void Object.freeze(message),
    end: ignore,
    asyncStart: ignore,
    asyncEnd: ignore,
    error: ignore,
  };
  channel.subscribe(handlers);
  onTestFinished(() => {
    channel.unsubscribe(handlers);
  });
  return channel;
}

type Channel = TracingChannel<unknown, Message>;

/** What would end the process, until the test has finished. */
function catchUncaught(): readonly unknown[] {
  const uncaught: unknown[] = [];
  const others = process.listeners('uncaughtException');
  const listener = (error: unknown) => uncaught.push(error);
  process.removeAllListeners('uncaughtException').on('uncaughtException', listener);
  onTestFinished(() => {
    process.off('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  });
  return uncaught;
}

const messageOf = (): Message => ({ name: 'traced' });
const complete = (message: Message, size: number) => {
  message.size = size;
};

test('work returns its result although a subscriber freezes the message', async () => {
  const channel = freezingChannel('leftfold:test.result');
  expect(await traced(channel, async () => 7, messageOf, complete)).toBe(7);
});

describe('a subscriber that throws', () => {
  const thrown = new Error('of the subscriber');
  const fail = () => {
    throw thrown;
  };
  const handlers = { start: fail, end: fail, asyncStart: fail, asyncEnd: fail, error: fail };
  const storage = new AsyncLocalStorage();

  test.for([
    ['by a handler', (channel: Channel) => channel.subscribe(handlers)],
    ['by a bound store', (channel: Channel) => channel.start.bindStore(storage, fail)],
  ] as const)('%s does not change the outcome of the work', async ([how, subscribe]) => {
    const uncaught = catchUncaught();
    const channel = tracingChannel<unknown, Message>(`leftfold:test.throws ${how}`);
    subscribe(channel);
    expect(await traced(channel, async () => 7, messageOf, complete)).toBe(7);
    const failing = traced(channel, () => Promise.reject(new Error('its own')), messageOf, complete);
    await expect(failing).rejects.toThrow('its own');
    // Without a listener, these would have ended the process.
    await nextTurn();
    expect(uncaught.length).toBeGreaterThan(1);
    expect(new Set(uncaught)).toEqual(new Set([thrown]));
  });
});

test('work fails with its own error although a subscriber freezes the message', async () => {
  const channel = freezingChannel('leftfold:test.error');
  const failing = traced(channel, () => Promise.reject(new Error('its own')), messageOf, complete);
  await expect(failing).rejects.toThrow('its own');
});
