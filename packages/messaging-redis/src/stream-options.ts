import { isIP } from 'node:net';
import { assertId, InvalidArgumentError } from '@leftfold/core';
import { assertEach, assertGiven, assertGivenText, assertWhole, holds } from '@leftfold/core/input';
import { assertTlsOptions, type TlsOptions } from '@leftfold/messaging';

/** Options of {@link redisStreams}. */
export interface RedisStreamsOptions {
  /** Where the server is: `redis://user:password@host:6379/0`, or `rediss://` for TLS. Redis Cluster is not supported. */
  readonly url: string;
  /** For `rediss:`: certificates, as of `connect` of `node:tls`. @default the authorities that Node trusts */
  readonly tls?: TlsOptions | undefined;
  /** Names the stream: the names of its keys begin with it. 1 to 255 characters. */
  readonly stream: string;
  /**
   * Who gets the messages: consumers that have a group before the first message is published. A consumer that receives
   * gets one then, for what is published from then on.
   *
   * @default none
   */
  readonly consumers?: readonly string[] | undefined;
  /**
   * Into how many streams the keys are divided: as many processes can receive for one consumer at one time. All processes
   * must have the same number; it cannot be changed later.
   *
   * @default 8
   */
  readonly partitions?: number | undefined;
  /** Milliseconds until messages of a receiver that died are given to another one. @default 10000 */
  readonly leaseMs?: number | undefined;
  /**
   * For how many keys the server remembers what it has: of those written last, and of as many before them. What is
   * published again for another key is stored again. About 200 bytes each.
   *
   * @default 100000
   */
  readonly rememberedKeys?: number | undefined;
}

const optionNames = {
  url: true,
  tls: true,
  stream: true,
  consumers: true,
  partitions: true,
  leaseMs: true,
  rememberedKeys: true,
} as const;

/** Where a server is. */
export interface RedisServer {
  readonly url: string;
  /** Undefined without TLS. */
  readonly tls: TlsOptions | undefined;
}

/** The options with their defaults. */
export interface StreamSettings {
  /** Of the transport, for messages. */
  readonly name: string;
  readonly server: RedisServer;
  readonly stream: string;
  readonly consumers: readonly string[];
  readonly partitions: number;
  readonly leaseMs: number;
  readonly rememberedKeys: number;
}

/** @throws InvalidArgumentError, InvalidNameError */
export function streamSettings(options: RedisStreamsOptions): StreamSettings {
  assertGiven('options', options, optionNames);
  const { tls, stream, consumers = [], partitions = 8, leaseMs = 10_000, rememberedKeys = 100_000 } = options;
  const url = toUrl(options.url);
  assertTlsOptions(tls, url, 'rediss:');
  assertId('stream', stream);
  assertEach('consumers', consumers, assertGivenText);
  for (const consumer of consumers) assertId('consumer', consumer);
  assertWhole('partitions', partitions, { least: 1, most: 256 });
  assertWhole('leaseMs', leaseMs, { least: 1_000, most: 3_600_000 });
  assertWhole('rememberedKeys', rememberedKeys, { least: 1_000 });
  const name = `redis stream ${JSON.stringify(stream)}`;
  const server = { url, tls: url.startsWith('rediss:') ? withName(tls, url) : undefined };
  return { name, server, stream, consumers: [...new Set(consumers)], partitions, leaseMs, rememberedKeys };
}

/**
 * Parameters of a URL would be options of the client, and change what this transport relies on.
 *
 * @returns the URL with its scheme in lower case: the client would take no TLS for REDISS:
 */
function toUrl(url: string): string {
  assertGivenText('url', url);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const known = parsed?.protocol === 'redis:' || parsed?.protocol === 'rediss:';
  if (!known || parsed.search !== '' || !/^(\/\d*)?$/.test(parsed.pathname))
    throw new InvalidArgumentError(
      'url',
      'must be a URL without parameters, such as "redis://user:password@host:6379/0"',
    );
  if (!holds(() => decodeURIComponent(parsed.username + parsed.password) !== undefined))
    throw new InvalidArgumentError(
      'url',
      'has a user or a password that is not encoded; encode it with encodeURIComponent',
    );
  return parsed.href;
}

/** With the host as the name that is asked for, which a server of several names needs. An address is no name. */
function withName(tls: TlsOptions | undefined, url: string): TlsOptions {
  const { hostname } = new URL(url);
  return isIP(hostname) > 0 || hostname.startsWith('[') ? { ...tls } : { servername: hostname, ...tls };
}
