import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** A network between a store and its server that fails at the worst moment. */
export interface LossyProxy extends AsyncDisposable {
  readonly connectionString: string;
  /**
   * The next statement that has this text is carried out, and its answer is lost together with the connection.
   *
   * @returns resolves when that has happened.
   */
  loseAnswerTo(text: string): Promise<void>;
}

/** Sits between clients and a server, and carries everything over until told otherwise. */
export async function startLossyProxy(connectionString: string): Promise<LossyProxy> {
  const target = new URL(connectionString);
  const sockets = new Set<Socket>();
  let watched: { readonly text: string; readonly lost: () => void } | undefined;

  const proxy = createServer((client) => {
    const server = connect(Number(target.port || 5432), target.hostname);
    let losing: (() => void) | undefined;
    client.on('data', (sent) => {
      if (watched !== undefined && sent.includes(watched.text)) {
        losing = watched.lost;
        watched = undefined;
      }
      server.write(sent);
    });
    server.on('data', (answer) => {
      if (losing === undefined) {
        client.write(answer);
        return;
      }
      client.destroy();
      server.destroy();
      losing();
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const url = new URL(connectionString);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);
  return {
    connectionString: url.href,
    loseAnswerTo: (text) =>
      new Promise((lost) => {
        watched = { text, lost };
      }),
    [Symbol.asyncDispose]: async () => {
      const closed = once(proxy, 'close');
      proxy.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
