import type { Writable } from 'node:stream';
import { TransportUnavailableError } from '@leftfold/core';
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { toConnectError, toTransportError } from './amqp-error.ts';
import { gatherWrites } from './gather-writes.ts';
import type { RabbitmqSettings } from './rabbitmq-options.ts';

/** Milliseconds in which the broker has to answer that a connection is closed. */
const CLOSE_MS = 2_000;

/** One connection to the broker. Each wait for an answer ends in time, and with the connection. */
export class AmqpConnection {
  readonly settings: RabbitmqSettings;
  /** Of the transport, for errors. */
  readonly name: string;
  readonly #model: ChannelModel;
  /** Destroys the socket: a broker that is gone confirms no close. */
  readonly #destroy: AbortController;
  #failure: Error | undefined;
  #blocked: string | undefined;

  private constructor(
    settings: RabbitmqSettings,
    name: string,
    model: ChannelModel,
    destroy: AbortController,
  ) {
    this.settings = settings;
    this.name = name;
    this.#model = model;
    this.#destroy = destroy;
    // Of the socket, which its types hide: without it, nothing is gathered.
    const { stream } = model.connection as { readonly stream?: Writable };
    if (stream !== undefined) gatherWrites(stream);
    const end = (error?: Error) => this.#end(error ?? new Error('it was closed'));
    model.on('error', end);
    model.on('close', end);
    model.on('blocked', (reason) => {
      this.#blocked = reason;
    });
    model.on('unblocked', () => {
      this.#blocked = undefined;
    });
  }

  /** @throws TransportUnavailableError, TransportRefusedError */
  static async open(settings: RabbitmqSettings, name: string): Promise<AmqpConnection> {
    const destroy = new AbortController();
    const timer = setTimeout(() => destroy.abort(), settings.answerMs);
    const socket = { ...settings.tls, noDelay: true, signal: destroy.signal };
    try {
      return new AmqpConnection(settings, name, await connect(settings.url, socket), destroy);
    } catch (thrown) {
      if (destroy.signal.aborted) throw silent(name, 'no connection could be opened', settings.answerMs);
      throw toConnectError(name, thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Why the connection is lost or closed; undefined while it is open. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Why the broker takes no messages now, in its words; undefined when it does. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** A channel whose errors are those of the calls on it. */
  async channel(): Promise<Channel> {
    return quiet(await this.answer('no channel could be opened', () => this.#model.createChannel()));
  }

  async confirmChannel(): Promise<ConfirmChannel> {
    return quiet(await this.answer('no channel could be opened', () => this.#model.createConfirmChannel()));
  }

  /**
   * Waits for an answer of the broker.
   *
   * @param otherwise what it means if it does not come, or is a refusal: `queue "a" cannot be declared`
   * @throws TransportUnavailableError, TransportRefusedError
   */
  async answer<TAnswer>(
    otherwise: string,
    ask: () => Promise<TAnswer>,
    answerMs = this.settings.answerMs,
  ): Promise<TAnswer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(silent(this.name, otherwise, answerMs)), answerMs);
    });
    try {
      return await Promise.race([ask(), late]);
    } catch (thrown) {
      // What ended the connection says more than that no answer will come.
      throw toTransportError(this.name, otherwise, this.#failure?.cause ?? thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends what waits on the channels, and ends the connection. Does not throw. */
  async close(channels: readonly Channel[]): Promise<void> {
    const goodbye = async () => {
      // What was written on a channel goes before its own close, and not before that of the connection.
      await Promise.all(channels.map((channel) => channel.close().catch(() => {})));
      await this.#model.close();
    };
    const closeMs = Math.min(CLOSE_MS, this.settings.answerMs);
    await this.answer('it was not closed', goodbye, closeMs).catch(() => {});
    this.#end(new Error('it was closed'));
    this.#destroy.abort();
  }

  #end(thrown: unknown): void {
    this.#failure ??= toTransportError(this.name, 'the connection ended', thrown);
  }
}

/** amqplib throws what it emits as an error and nothing listens to. The calls on the channel fail with it as well. */
function quiet<TChannel extends Channel>(channel: TChannel): TChannel {
  channel.on('error', () => {});
  return channel;
}

function silent(name: string, otherwise: string, answerMs: number): TransportUnavailableError {
  return new TransportUnavailableError(name, `${otherwise}: it has not answered for ${answerMs} ms`);
}
