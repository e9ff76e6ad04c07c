import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../event/define-events.ts';
import { defineReaction } from './define-reaction.ts';

const orders = defineEvents('order', { placed: z.object({ email: z.string() }), paid: z.object({}) });
const on = { 'order.placed': async () => {} };

test('a reaction reads the events that have a handler, from the end of the log, and stops at a failure', () => {
  expect(defineReaction({ name: 'mails', events: [orders], on })).toMatchObject({
    kind: 'reaction',
    name: 'mails',
    version: 1,
    eventTypes: ['order.placed'],
    concurrency: 10,
    slices: 1,
    start: 'end',
    onFailure: 'stop',
    retry: { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 60_000 },
    timeoutMs: 20_000,
  });
});

test.each([
  { name: '' },
  { name: 'balances+copy' },
  { version: 0 },
  { concurrency: 0 },
  { concurrency: 1_001 },
  { slices: 0 },
  { slices: 1_025 },
  { timeoutMs: 0 },
  { start: 'middle' },
  { start: { position: -1 } },
  { start: { time: new Date(Number.NaN) } },
  { start: { time: '2026-01-01' } },
  { start: { time: undefined } },
  { start: { position: undefined } },
  { on: {} },
  { onFailure: 'skip' },
  { retry: { attempts: 0 } },
  { on: { 'order.unknown': async () => {} } },
  { on: undefined },
  { events: {} },
  { key: 'order' },
  { misspelt: 1 },
])('%j is refused', (wrong) => {
  const options = { name: 'mails', events: [orders], on, ...wrong } as never;
  expect(() => defineReaction(options)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^INVALID_(ARGUMENT|NAME)$/) }),
  );
});

test.each([
  [{ start: { time: 'yesterday' } }, 'start.time must be a valid Date, not a text of 9 characters'],
  [{ start: 'later' }, 'start must be "end", "beginning", { position } or { time }, not "later"'],
  [{ on: {} }, 'on of reaction "mails" has no function, so that no event is read; add one'],
])('%j is named', (wrong, message) => {
  const options = { name: 'mails', events: [orders], on, ...wrong } as never;
  expect(() => defineReaction(options)).toThrow(message);
});

test('a key that is no text is an error that names the reaction', () => {
  const reaction = defineReaction({ name: 'mails', events: [orders], on, key: () => 1 as never });
  expect(() => reaction.keyOf({} as never)).toThrow(
    '"key" of reaction "mails" returned number; return a text',
  );
});
