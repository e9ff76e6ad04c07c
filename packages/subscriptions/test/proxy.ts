import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a database that can be cut: what a test sees of a database that goes down. */
export class Proxy implements AsyncDisposable {
  readonly connectionString: string;
  readonly #target: URL;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #mute = false;

  private constructor(connectionString: string, server: Server) {
    this.#target = new URL(connectionString);
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    const url = new URL(connectionString);
    url.host = `127.0.0.1:${this.#port}`;
    this.connectionString = url.href;
    server.on('connection', (socket) => this.#forward(socket));
  }

  static async open(connectionString: string): Promise<Proxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(connectionString, server);
  }

  /** Breaks every connection, and refuses new ones. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }

  /** Lets everything through to the database, and none of its answers back. Ends with {@link restore}. */
  mute(): void {
    this.#mute = true;
  }

  /** Lets connections through again. */
  async restore(): Promise<void> {
    this.#mute = false;
    const server = createServer((socket) => this.#forward(socket)).listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cut();
  }

  #forward(socket: Socket): void {
    const onward = connect(Number(this.#target.port || 5432), this.#target.hostname);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    socket.pipe(onward);
    onward.on('data', (answer) => {
      if (!this.#mute) socket.write(answer);
    });
  }
}
