import { tracingChannel } from 'node:diagnostics_channel';
import { traced } from '@leftfold/core';
import { expect, onTestFinished, test } from 'vitest';

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

const messageOf = (): Message => ({ name: 'traced' });
const complete = (message: Message, size: number) => {
  message.size = size;
};

test('work returns its result although a subscriber freezes the message', async () => {
  const channel = freezingChannel('leftfold:test.result');
  expect(await traced(channel, async () => 7, messageOf, complete)).toBe(7);
});

test('work fails with its own error although a subscriber freezes the message', async () => {
  const channel = freezingChannel('leftfold:test.error');
  const failing = traced(channel, () => Promise.reject(new Error('its own')), messageOf, complete);
  await expect(failing).rejects.toThrow('its own');
});
