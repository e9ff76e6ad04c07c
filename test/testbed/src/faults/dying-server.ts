import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A server that shuts down while it accepts connections: its last ready and its error arrive in one packet. */
export interface DyingServer extends AsyncDisposable {
  readonly connectionString: string;
  /** How many connections it has accepted. */
  accepted(): number;
}

/** A message of the PostgreSQL protocol, by its letter. */
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
  let accepted = 0;
  const server = createServer((client) => {
    client.on('error', () => {});
    client.once('data', () => {
      accepted += 1;
      client.end(Buffer.concat([authenticated, ready, shutDown]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    connectionString: `postgres://role:secret@127.0.0.1:${port}/database`,
    accepted: () => accepted,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
