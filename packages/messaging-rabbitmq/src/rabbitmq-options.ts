import { assertId, InvalidArgumentError } from '@leftfold/core';
import { assertEach, assertGiven, assertGivenText, assertOneOf, assertWhole } from '@leftfold/core/input';
import { assertTlsOptions, type TlsOptions } from '@leftfold/messaging';

/** How the keys of a consumer are dealt out to its queues: see {@link RabbitmqOptions.distribution}. */
export type RabbitmqDistribution = 'buckets' | 'consistent-hash';

/** Options of {@link rabbitmq}. */
export interface RabbitmqOptions {
  /**
   * Where the broker is: `amqp://user:password@host:5672/vhost`, or `amqps:`. The parameter `heartbeat` is how often, in
   * seconds, each end shows that it is there; 10 unless it is given.
   */
  readonly url: string;
  /** For `amqps:`: certificates, as of `connect` of `node:tls`. @default the authorities that Node trusts */
  readonly tls?: TlsOptions | undefined;
  /** Names what messages go through: 1 to 100 letters, digits, `_`, `.`, `:` and `-`, not beginning with `amq.`. */
  readonly exchange: string;
  /**
   * Who gets the messages: consumers whose queues exist before the first message is published. A consumer that receives
   * declares its own.
   *
   * @default none
   */
  readonly consumers?: readonly string[] | undefined;
  /**
   * Queues of each consumer: so many receivers of it can work at one time. 1 to 64; best a power of two. It is fixed when a
   * consumer is declared first: another number would change the order of keys, and is refused.
   *
   * @default 8
   */
  readonly queues?: number | undefined;
  /**
   * How keys are dealt out to the queues of a consumer. `'buckets'`: by bindings for 64 parts of the keys, on any server.
   * `'consistent-hash'`: by an exchange of that type, whose plugin the server must have enabled. It is fixed when a consumer
   * is declared first.
   *
   * @default 'buckets'
   */
  readonly distribution?: RabbitmqDistribution | undefined;
  /**
   * Largest body in bytes. A larger one is refused before it is sent: RabbitMQ would close the channel.
   *
   * @default 16777216, the limit of RabbitMQ 4; RabbitMQ 3 takes 134217728 unless it is configured
   */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Milliseconds in which the broker has to answer: to a connection, a declaration, a message.
   *
   * @default 10000
   */
  readonly answerMs?: number | undefined;
}

const optionNames = {
  url: true,
  tls: true,
  exchange: true,
  consumers: true,
  queues: true,
  distribution: true,
  maxMessageBytes: true,
  answerMs: true,
} as const;

/** The options with their defaults. */
export interface RabbitmqSettings extends Required<RabbitmqOptions> {
  /** With the parameter `heartbeat`. */
  readonly url: string;
  readonly consumers: readonly string[];
  readonly queues: number;
  readonly distribution: RabbitmqDistribution;
  readonly maxMessageBytes: number;
  readonly answerMs: number;
}

/** Largest body that any version of RabbitMQ can be configured to take. */
const MOST_BYTES = 512 * 2 ** 20;
/** Of a connection, in seconds: one that went silent is lost after twice the time. */
const HEARTBEAT = '10';

/** Parts of the keys: the most queues of a consumer. */
export const BUCKETS = 64;

/**
 * Parameters of the URL that are numbers, with the least and the most. A connection without heartbeats, which 0 would be,
 * could be gone for good without being lost; a frame has to hold the headers, and each queue takes a channel.
 */
const parameters = [
  ['heartbeat', 1, 3_600],
  ['frameMax', 65_536, 2 ** 31 - 1],
  ['channelMax', 2 * BUCKETS, 65_535],
] as const;

/** @throws InvalidArgumentError, InvalidNameError */
export function rabbitmqSettings(options: RabbitmqOptions): RabbitmqSettings {
  assertGiven('options', options, optionNames);
  const { url, tls, exchange, consumers = [], queues = 8, distribution = 'buckets' } = options;
  const { maxMessageBytes = 16 * 2 ** 20, answerMs = 10_000 } = options;
  assertGivenText('url', url);
  assertGivenText('exchange', exchange);
  if (!/^(?!amq\.)[A-Za-z0-9_.:-]{1,100}$/.test(exchange))
    throw new InvalidArgumentError(
      'exchange',
      'must be 1 to 100 letters, digits, "_", ".", ":" and "-", and not begin with "amq."',
    );
  assertEach('consumers', consumers, assertGivenText);
  for (const consumer of consumers) assertId('consumer', consumer);
  assertWhole('queues', queues, { least: 1, most: BUCKETS });
  assertOneOf('distribution', distribution, ['buckets', 'consistent-hash']);
  assertWhole('maxMessageBytes', maxMessageBytes, { least: 1, most: MOST_BYTES });
  assertWhole('answerMs', answerMs, { least: 100, most: 600_000 });
  const urlWithHeartbeat = withHeartbeat(url);
  assertTlsOptions(tls, urlWithHeartbeat, 'amqps:');
  return {
    url: urlWithHeartbeat,
    tls,
    exchange,
    consumers,
    queues,
    distribution,
    maxMessageBytes,
    answerMs,
  };
}

/** The error does not show the URL, which has a password. */
function withHeartbeat(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['amqp:', 'amqps:'].includes(url.protocol))
    throw new InvalidArgumentError('url', 'must be a URL that begins with amqp:// or amqps://');
  for (const [name, least, most] of parameters)
    for (const value of url.searchParams.getAll(name))
      if (!/^\d{1,10}$/.test(value) || Number(value) < least || Number(value) > most)
        throw new InvalidArgumentError(
          'url',
          `has a ${name} that is no whole number from ${least} to ${most}`,
        );
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', HEARTBEAT);
  return url.href;
}
