import { once } from 'node:events';
import { createServer } from 'node:net';

/** A server that is shut down while it greets: the welcome and the farewell come in one piece. */
export interface DyingServer extends AsyncDisposable {
  readonly connectionString: string;
  /** How many it has greeted. */
  greeted(): number;
}

/** A message of the Postgres protocol, by its letter. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const authenticated = message('R', Buffer.alloc(4));
const ready = message('Z', Buffer.from('I'));
const shutDown = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0'));

export async function startDyingServer(): Promise<DyingServer> {
  let greeted = 0;
  const server = createServer((client) => {
    client.on('error', () => {});
    client.once('data', () => {
      greeted += 1;
      client.end(Buffer.concat([authenticated, ready, shutDown]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    connectionString: `postgres://somebody:secret@127.0.0.1:${address.port}/somewhere`,
    greeted: () => greeted,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
