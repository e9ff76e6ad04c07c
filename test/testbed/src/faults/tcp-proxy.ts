import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Both ends of one connection through the proxy. */
interface Tunnel {
  readonly client: Socket;
  readonly server: Socket;
  /** An answer was dropped, so that what follows cannot be understood any more. */
  answersLost: boolean;
  /** Swallows everything, the end of the connection included. */
  vanished: boolean;
}

/** A statement whose answer has to be lost. */
interface Watched {
  readonly text: string;
  readonly lost: () => void;
}

/**
 * A network between a client and PostgreSQL that can be broken. By default it forwards everything.
 *
 * Own code: the proxies on npm cannot hold back or lose bytes on demand, and Toxiproxy is a server to install.
 */
export class TcpProxy implements AsyncDisposable {
  /** Like the one given to {@link TcpProxy.start}, by way of the proxy. */
  readonly connectionString: string;
  #target: URL;
  readonly #port: number;
  readonly #tunnels = new Set<Tunnel>();
  #listener: Server | undefined;
  #stalled = false;
  #losingAnswers = false;
  #watched: Watched | undefined;
  #vanishAt: string | undefined;

  private constructor(connectionString: string, listener: Server) {
    this.#target = new URL(connectionString);
    this.#port = (listener.address() as AddressInfo).port;
    const url = new URL(connectionString);
    url.host = `127.0.0.1:${this.#port}`;
    this.connectionString = url.href;
    this.#accept(listener);
  }

  static async start(connectionString: string): Promise<TcpProxy> {
    return new TcpProxy(connectionString, await listen(0));
  }

  /** Open connections. */
  get connectionCount(): number {
    return this.#tunnels.size;
  }

  /** Breaks every connection. New ones are accepted. */
  disconnect(): void {
    for (const { client, server } of this.#tunnels) {
      client.destroy();
      server.destroy();
    }
  }

  /** Breaks every connection. New ones go to the server of another connection string, as after a failover. */
  redirect(connectionString: string): void {
    this.#target = new URL(connectionString);
    this.disconnect();
  }

  /** Breaks every connection and refuses new ones, until {@link restore}. */
  async cut(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.disconnect();
    if (listener === undefined) return;
    const closed = once(listener, 'close');
    listener.close();
    await closed;
  }

  /** Passes nothing on in either direction, until {@link restore}: connections stay open and go silent. */
  stall(): void {
    this.#stalled = true;
    for (const { client, server } of this.#tunnels) {
      client.pause();
      server.pause();
    }
  }

  /**
   * Passes on what clients send and loses every answer, until {@link restore}, which breaks the connections that
   * missed one.
   */
  loseAnswers(): void {
    this.#losingAnswers = true;
  }

  /**
   * The connections of this moment go silent for good, as when the host at the other end loses its power: each end
   * still has an open connection, and what either sends is swallowed. New connections are not concerned.
   *
   * @returns ends these connections, as keep-alive does in the end. It returns how many there were
   */
  vanish(): () => number {
    const vanished = [...this.#tunnels];
    for (const tunnel of vanished) tunnel.vanished = true;
    return () => {
      for (const { client, server } of vanished) {
        client.destroy();
        server.destroy();
      }
      return vanished.length;
    };
  }

  /** The connection that sends this text next goes silent for good, before the text, as with {@link vanish}. */
  vanishAt(text: string): void {
    this.#vanishAt = text;
  }

  /**
   * The next statement with this text is carried out, and its answer is lost together with the connection.
   *
   * @returns resolves when that has happened.
   */
  loseAnswerTo(text: string): Promise<void> {
    return new Promise((lost) => {
      this.#watched = { text, lost };
    });
  }

  /** Passes everything on again. What was held back arrives; what was lost stays lost. */
  async restore(): Promise<void> {
    this.#stalled = false;
    this.#losingAnswers = false;
    for (const { client, server, answersLost } of this.#tunnels) {
      if (answersLost) client.destroy();
      client.resume();
      server.resume();
    }
    if (this.#listener === undefined) this.#accept(await listen(this.#port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }

  #accept(listener: Server): void {
    this.#listener = listener;
    listener.on('connection', (client) => this.#tunnel(client));
  }

  #tunnel(client: Socket): void {
    const server = connect(Number(this.#target.port || 5432), this.#target.hostname);
    const tunnel: Tunnel = { client, server, answersLost: false, vanished: false };
    this.#tunnels.add(tunnel);
    let losing: Watched | undefined;

    this.#carry(client, server, (sent) => {
      if (this.#watched !== undefined && sent.includes(this.#watched.text)) {
        losing = this.#watched;
        this.#watched = undefined;
      }
      if (this.#vanishAt !== undefined && sent.includes(this.#vanishAt)) {
        this.#vanishAt = undefined;
        tunnel.vanished = true;
      }
      return !tunnel.vanished;
    });
    this.#carry(server, client, () => {
      if (tunnel.vanished) return false;
      if (losing === undefined) {
        tunnel.answersLost ||= this.#losingAnswers;
        return !tunnel.answersLost;
      }
      client.destroy();
      losing.lost();
      return false;
    });
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const) {
      end.on('error', () => {});
      end.on('close', () => {
        this.#tunnels.delete(tunnel);
        if (!tunnel.vanished) other.destroy();
      });
    }
    if (this.#stalled) {
      client.pause();
      server.pause();
    }
  }

  /** Hands on what arrives if `passes` says so, no faster than the other end takes it. */
  #carry(from: Socket, to: Socket, passes: (chunk: Buffer) => boolean): void {
    from.on('data', (chunk: Buffer) => {
      if (!passes(chunk) || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        if (!this.#stalled) from.resume();
      });
    });
  }
}

async function listen(port: number): Promise<Server> {
  const listener = createServer().listen(port, '127.0.0.1');
  await once(listener, 'listening');
  return listener;
}
