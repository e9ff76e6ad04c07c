import { InvalidArgumentError } from '@leftfold/core';
import {
  assertEach,
  assertGiven,
  assertGivenText,
  assertPlainObject,
  assertText,
  assertWhole,
  holds,
} from '@leftfold/core/input';
import type { ConnectionOptions } from '@nats-io/transport-node';

/** Options of {@link jetstream}. */
export interface JetStreamTransportOptions {
  /** Where the servers are, such as `nats://127.0.0.1:4222`; a URL may have a user and a password, or a token. */
  readonly servers: string | readonly string[];
  /** Names the stream: 1 to 64 letters, digits, `-` and `_`. It is created when it is not there. */
  readonly stream: string;
  /** What the subjects of the stream begin with: tokens with dots between them. @default the name of the stream */
  readonly subject?: string | undefined;
  /**
   * Who gets the messages: consumers that are created before the first message is published. A consumer that receives
   * creates itself, and gets what is kept.
   *
   * @default none
   */
  readonly consumers?: readonly string[] | undefined;
  /**
   * Parts that the keys of the stream are divided into: as many receivers of a consumer can share its messages. It stays.
   *
   * @default 8
   */
  readonly partitions?: number | undefined;
  /** Servers that keep each message, when the stream is created: 1 to 5. A stream that is there has its own number. @default 1 */
  readonly replicas?: number | undefined;
  /**
   * Messages that are kept after all consumers have acknowledged them. A message that is published again is known while it
   * is kept.
   *
   * @default 100000
   */
  readonly keep?: number | undefined;
  /**
   * Milliseconds until messages of a receiver that died are given to another one. A living one keeps them. Below the
   * `gapTimeoutMs` of consumers, they come before they are missed. At least 2000.
   *
   * @default 4000
   */
  readonly ackWaitMs?: number | undefined;
  /** Milliseconds in which the servers have to answer. @default 3000 */
  readonly answerMs?: number | undefined;
  /** More options of the client, such as `authenticator` and `tls`. @default none */
  readonly connection?: ConnectionOptions | undefined;
}

const optionNames = {
  servers: true,
  stream: true,
  subject: true,
  consumers: true,
  partitions: true,
  replicas: true,
  keep: true,
  ackWaitMs: true,
  answerMs: true,
  connection: true,
} as const;

/** The options with their defaults. */
export interface JetStreamSettings {
  readonly stream: string;
  /** What the subjects begin with. */
  readonly subject: string;
  readonly consumers: readonly string[];
  readonly partitions: number;
  readonly replicas: number;
  readonly keep: number;
  readonly ackWaitMs: number;
  readonly answerMs: number;
  /** Of the client, servers and login included. */
  readonly connection: ConnectionOptions;
}

const streamForm = /^[A-Za-z0-9_-]{1,64}$/;
const subjectForm = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** @throws InvalidArgumentError */
export function jetstreamSettings(options: JetStreamTransportOptions): JetStreamSettings {
  assertGiven('options', options, optionNames);
  const { stream, consumers = [], partitions = 8, replicas = 1, keep = 100_000 } = options;
  const { ackWaitMs = 4_000, answerMs = 3_000, connection = {} } = options;
  assertGivenText('stream', stream);
  if (!streamForm.test(stream))
    throw new InvalidArgumentError('stream', 'must be 1 to 64 letters, digits, "-" and "_"');
  assertText('subject', options.subject);
  const { subject = stream } = options;
  if (!subjectForm.test(subject) || subject.length > 128)
    throw new InvalidArgumentError(
      'subject',
      'must be tokens of letters, digits, "-" and "_" with dots between them, 128 characters at most',
    );
  assertEach('consumers', consumers, assertConsumer);
  assertWhole('partitions', partitions, { least: 1, most: 64 });
  assertWhole('replicas', replicas, { least: 1, most: 5 });
  assertWhole('keep', keep, { least: 0, most: 1e9 });
  // The requests of a receiver that is gone end before its messages are given to others: they would get them again.
  assertWhole('ackWaitMs', ackWaitMs, { least: 2_000, most: 3_600_000 });
  assertWhole('answerMs', answerMs, { least: 100, most: 600_000 });
  assertPlainObject('connection', connection);
  return {
    stream,
    subject,
    consumers,
    partitions,
    replicas,
    keep,
    ackWaitMs,
    answerMs,
    connection: { ...connection, ...loginOf(serversOf(options.servers)) },
  };
}

function assertConsumer(argument: string, value: unknown): void {
  assertGivenText(argument, value);
  if (value === '') throw new InvalidArgumentError(argument, 'must not be empty');
}

function serversOf(servers: unknown): readonly URL[] {
  const list: readonly unknown[] = Array.isArray(servers) ? servers : [servers];
  if (list.length === 0) throw new InvalidArgumentError('servers', 'must name a server');
  return list.map((server) => {
    const url = typeof server === 'string' && URL.canParse(server) ? new URL(server) : undefined;
    if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '')
      throw new InvalidArgumentError('servers', 'must be URLs that begin with nats:// or tls://');
    if (!holds(() => decodeURIComponent(url.username + url.password) !== undefined))
      throw new InvalidArgumentError(
        'servers',
        'has a user or a password that is not encoded; encode it with encodeURIComponent',
      );
    return url;
  });
}

/** The client takes the login apart from its servers, and one for all of them. */
function loginOf(urls: readonly URL[]): ConnectionOptions {
  const servers = urls.map(({ host }) => host);
  const secure = urls.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {};
  const named = urls.find(({ username }) => username !== '');
  if (named === undefined) return { servers, ...secure };
  const user = decodeURIComponent(named.username);
  const pass = decodeURIComponent(named.password);
  return { servers, ...secure, ...(named.password === '' ? { token: user } : { user, pass }) };
}
