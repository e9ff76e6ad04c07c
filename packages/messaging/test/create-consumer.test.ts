import { defineEvents } from '@leftfold/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createConsumer, defineConsumer } from '../src/index.ts';
import { RecordingTransport } from './recording-transport.ts';

test('a consumer of an app is refused, and where it belongs is said', () => {
  const messages = defineEvents('orders', { placed: z.object({ cents: z.int() }) });
  const ofApp = defineConsumer({
    name: 'shipping',
    transport: new RecordingTransport(),
    sources: ['/shop/orders'],
    messages: [messages],
    handle: async () => {},
  });
  expect(() => createConsumer(ofApp as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('createApp({ consumers: [...] })') as unknown,
    }),
  );
});
