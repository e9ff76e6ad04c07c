import type { Claim } from '../claim.ts';

/** What services that exchange messages can rely on. */
export const messageClaims = {
  'relays-at-least-once': {
    claim:
      'A relay publishes each event that it maps at least once, also when its process loses the lease; its checkpoint moves only past what the broker has confirmed.',
    statedIn: 'guides/relays.md#order-and-failures',
  },
  'relays-in-order': {
    claim:
      'The messages of a key are published in the order of their events; one that is refused is there again before the later ones, and holds up no other key.',
    statedIn: 'guides/relays.md#order-and-failures',
  },
  'relays-name-the-message-before': {
    claim:
      'Each message names the one before it with the same key, also after a restart, a resume and a rewind.',
    statedIn: 'guides/published-language.md#the-message',
  },
  'relays-wait-for-the-broker': {
    claim: 'A broker that is away is waited for: nothing is parked, skipped or stopped.',
    statedIn: 'guides/relays.md#order-and-failures',
  },
  'relays-publish-nothing-again': {
    claim:
      'A new relay begins at the end of the log, and a raised version where the older one is: nothing is published again.',
    statedIn: 'guides/relays.md#once-more',
  },
  'queue-in-order': {
    claim:
      'A queue in PostgreSQL gives each consumer each message, those of one key to one receiver at a time and in their order; those of a receiver that is gone are given to another one.',
    statedIn: 'guides/brokers.md#postgresql',
  },
  'jetstream-stores-once': {
    claim:
      'A stream of NATS JetStream has each message once, in the order of its key: published again after any time, by several publishers at once, and while the server that leads the stream is killed.',
    statedIn: 'guides/brokers.md#nats-jetstream',
    service: 'NATS_URL',
  },
  'jetstream-keeps-messages': {
    claim:
      'A consumer of NATS JetStream gets the messages of a key at one receiver at a time, which keeps them while it lives; those of one that is gone are given to another one. A message is removed only when all consumers have acknowledged it.',
    statedIn: 'guides/brokers.md#nats-jetstream',
    service: 'NATS_URL',
  },
  'rabbitmq-in-order': {
    claim:
      'On RabbitMQ each consumer gets each message, and a key is with one receiver at a time, in its order, also while receivers join and leave.',
    statedIn: 'guides/brokers.md#rabbitmq',
    service: 'RABBITMQ_URL',
  },
  'rabbitmq-keeps-what-was-confirmed': {
    claim:
      'A message that RabbitMQ has confirmed is received, and in the order of its key, also when the server is killed in between.',
    statedIn: 'guides/brokers.md#rabbitmq',
    service: 'RABBITMQ_URL',
  },
  'rabbitmq-returned-is-refused': {
    claim: 'A message that RabbitMQ confirms although no queue takes it is refused, not taken for published.',
    statedIn: 'guides/brokers.md#rabbitmq',
    service: 'RABBITMQ_URL',
  },
  'rabbitmq-never-hangs': {
    claim:
      'A RabbitMQ server that is silent, takes no messages for lack of memory or disk, or has a queue without a leader ends the wait for it with an error that says so.',
    statedIn: 'guides/brokers.md#rabbitmq',
    service: 'RABBITMQ_URL',
  },
  'messages-once': {
    claim:
      'What a consumer writes in the transaction of a message happens once, however often the message is delivered and to how many processes.',
    statedIn: 'guides/consumers.md',
  },
  'commands-of-messages-once': {
    claim:
      'A command of a message has the same id each time the message is handled, and another one in each consumer, so that it happens once; none is executed for a message that is not handled now.',
    statedIn: 'guides/consumers.md#messages-become-commands',
  },
  'read-across-services': {
    claim:
      'After a wait for the token of another service, a query of this one sees what it did for the message of it.',
    statedIn: 'guides/consumers.md#read-your-own-writes-across-services',
  },
  'inbox-from-other-languages': {
    claim:
      'A consumer that uses the SQL functions of the inbox from Python has the effects of each message once and in order, also when it is killed, when messages are published twice and when a key is parked.',
    statedIn: 'guides/published-language.md#the-inbox-from-other-languages',
    service: 'RABBITMQ_URL',
  },
  'inbox-from-sql': {
    claim:
      'The script of inboxSql creates the inbox without Node, changes nothing when it is applied again, and leaves what a consumer of this release finds.',
    statedIn: 'guides/published-language.md#the-inbox-from-other-languages',
  },
  'messages-in-order': {
    claim:
      'A consumer handles the messages of a key one after another in the order of their source; what comes too early is set aside, and follows by itself.',
    statedIn: 'guides/consumers.md#what-is-set-aside',
  },
  'messages-never-lost': {
    claim:
      'A consumer acknowledges a message only when its transaction is committed, or when it is set aside durably: because it fails, ends its process, comes too early or is no message.',
    statedIn: 'guides/consumers.md#what-is-set-aside',
  },
  'messages-of-a-log-that-went-back': {
    claim:
      'When the log of a source went back, a consumer sets aside what does not continue what it has handled, and says so.',
    statedIn: 'guides/consumers.md#what-is-set-aside',
  },
} as const satisfies Readonly<Record<string, Claim>>;
