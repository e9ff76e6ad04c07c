import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { type ScriptName, scripts } from './scripts/scripts.ts';
import type { RedisServer } from './stream-options.ts';
import { isReply, transportError } from './transport-error.ts';

/** Milliseconds in which the server has to accept a connection, and to answer a command. */
const ANSWER_MS = 10_000;

const CLOSED = new Error('the connection was closed');

/** Arguments of a script. */
export type ScriptArguments = readonly (string | number | Uint8Array)[];

const hashes = Object.fromEntries(
  Object.entries(scripts).map(([name, text]) => [name, createHash('sha1').update(text).digest('hex')]),
) as Readonly<Record<ScriptName, string>>;

/**
 * One connection to a server. It is never repaired: a failed one ends, and its user opens another, so that no command is
 * sent twice or kept for later.
 */
export class StreamConnection {
  readonly #name: string;
  readonly #redis: Redis;
  /** Why it ended; the client tells commands only that it did. */
  #failure: unknown;
  #onEnd: () => void = () => {};

  private constructor(name: string, redis: Redis) {
    this.#name = name;
    this.#redis = redis;
    redis.on('error', (error: unknown) => {
      this.#failure ??= error;
    });
    redis.on('end', () => this.#onEnd());
  }

  /** @throws TransportUnavailableError, TransportRefusedError */
  static async open(name: string, { url, tls }: RedisServer): Promise<StreamConnection> {
    const redis = new Redis(url, {
      ...(tls && { tls }),
      lazyConnect: true,
      connectTimeout: ANSWER_MS,
      commandTimeout: ANSWER_MS,
      retryStrategy: () => null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      enableReadyCheck: false,
      disableClientInfo: true,
      connectionName: 'leftfold',
    });
    const connection = new StreamConnection(name, redis);
    try {
      await connection.#answer(redis.connect());
      // The client goes on with database 0 when the server does not have the one of the URL.
      await connection.#answer(redis.select(redis.options.db ?? 0));
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Lets the server know the scripts. @throws TransportUnavailableError, TransportRefusedError */
  async loadScripts(): Promise<void> {
    for (const text of Object.values(scripts)) await this.#answer(this.#redis.script('LOAD', text));
  }

  /** What the server tells of itself. @throws TransportUnavailableError, TransportRefusedError */
  info(): Promise<string> {
    return this.#answer(this.#redis.info());
  }

  /**
   * @returns the answer, with a Buffer for each text in it
   * @throws TransportUnavailableError, TransportRefusedError
   */
  run(script: ScriptName, keys: readonly string[], values: ScriptArguments): Promise<unknown> {
    const sent = values.map((value) => (typeof value === 'object' ? Buffer.from(value) : value));
    return this.#answer(this.#redis.callBuffer('EVALSHA', [hashes[script], keys.length, ...keys, ...sent]));
  }

  /** Adds an entry to a stream that has no other. @throws TransportUnavailableError, TransportRefusedError */
  async replaceEntry(key: string): Promise<void> {
    await this.#answer(this.#redis.xadd(key, 'MAXLEN', 1, '*', 'check', ''));
  }

  /** @throws TransportUnavailableError, TransportRefusedError */
  async subscribe(channel: string, onMessage: (message: string) => void): Promise<void> {
    this.#redis.on('message', (_, message) => onMessage(message));
    await this.#answer(this.#redis.subscribe(channel));
  }

  /** @throws TransportUnavailableError when it has ended */
  assertOpen(): void {
    if (this.#redis.status !== 'ready') throw transportError(this.#name, this.#failure ?? CLOSED);
  }

  /** Calls `listener` when it has ended, for whatever reason. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  /** Does not wait for what is on its way. Does not throw. */
  close(): void {
    this.#redis.disconnect();
  }

  async #answer<TAnswer>(answer: Promise<TAnswer>): Promise<TAnswer> {
    try {
      return await answer;
    } catch (thrown) {
      if (isReply(thrown)) throw transportError(this.#name, thrown);
      // One answer that is late: the connection is taken for lost.
      if (isLate(thrown)) this.close();
      throw transportError(this.#name, this.#failure ?? thrown);
    }
  }
}

function isLate(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message === 'Command timed out';
}
