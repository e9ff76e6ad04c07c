import { defineEvents, type RecordedEvent } from '@leftfold/core';
import {
  defineRelay,
  type OutgoingMessage,
  type Relay,
  toCloudEvent,
  type Transport,
} from '@leftfold/messaging';
import { z } from 'zod';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';

/** Keys of the messages. */
export const KEYS = 50;
/** Messages that are on their way at one time, of a relay and of a client by hand. */
export const IN_FLIGHT = 500;
export const SOURCE = '/bench/accounts';

/** What is published of the events of accounts. */
export const accountMessages = defineEvents('accounts', {
  deposited: z.object({ cents: z.int(), reference: z.string(), note: z.string() }),
});

/** Publishes every deposit of the log from its beginning. */
export function depositsOut(name: string, transport: Transport): Relay {
  return defineRelay({
    name,
    source: SOURCE,
    events: [accountEvents],
    publishes: [accountMessages],
    map: { 'account.deposited': ({ data }) => accountMessages.create.deposited(data) },
    transport,
    start: 'beginning',
  });
}

/** The messages of a relay for as many deposits, dealt out to the keys in turn. */
export function messagesOf(count: number): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const position = index + 1;
    const event: RecordedEvent = {
      type: 'account.deposited',
      schemaVersion: 1,
      data: {},
      id: `event-${position}`,
      streamId: `account-${index % KEYS}`,
      streamVersion: Math.floor(index / KEYS) + 1,
      position,
      recordedAt: new Date(0),
      metadata: {},
      tags: [],
    };
    const previous = index < KEYS ? undefined : String(position - KEYS).padStart(16, '0');
    const data = { ...entryOf(index) };
    return toCloudEvent(
      { type: 'accounts.deposited', schemaVersion: 1, data },
      { event, source: SOURCE, key: event.streamId, previous, lineage: 'bench' },
      'binary',
    );
  });
}
