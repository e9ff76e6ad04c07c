import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvents } from './define-events.ts';
import { EventCatalog } from './event-catalog.ts';

let parses = 0;
const counted = z.object({ cents: z.int() }).refine(() => {
  parses += 1;
  return true;
});
const accountEvents = defineEvents('account', { deposited: counted });
const catalog = new EventCatalog([accountEvents]);

function parsesDuring(work: () => unknown): number {
  const before = parses;
  work();
  return parses - before;
}

test('an event from its creator is not parsed again when it is appended', () => {
  const event = accountEvents.create.deposited({ cents: 5 });
  expect(parsesDuring(() => catalog.payloadOf(event))).toBe(0);
  expect(catalog.payloadOf(event)).toBe(event.data);
});

test('a copy is parsed again, with any data', () => {
  const event = accountEvents.create.deposited({ cents: 5 });
  expect(parsesDuring(() => catalog.payloadOf({ ...event }))).toBe(1);
  expect(parsesDuring(() => catalog.payloadOf(structuredClone(event)))).toBe(1);
  expect(() => catalog.payloadOf({ ...event, data: { cents: 'many' } })).toThrow(/does not fit: cents/);
});

test('an event whose data was replaced in place is parsed again', () => {
  const event = accountEvents.create.deposited({ cents: 5 });
  Object.assign(event, { data: { cents: 'many' } });
  expect(() => catalog.payloadOf(event)).toThrow(/does not fit: cents/);
});

test('an event of another definition with the same name is parsed again', () => {
  const stricter = defineEvents('account', { deposited: z.object({ cents: z.int().max(3) }) });
  const event = accountEvents.create.deposited({ cents: 5 });
  expect(() => new EventCatalog([stricter]).payloadOf(event)).toThrow(/does not fit: cents/);
});
