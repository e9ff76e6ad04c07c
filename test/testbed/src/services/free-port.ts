import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems give to outgoing connections: such a one could take the port before its server does. */
const LEAST = 10_000;
const MOST = 32_000;

const given = new Set<number>();

/**
 * A port of the loopback interface that no server has at this moment, and that was not given before. It is chosen at
 * random, so that other processes choose others.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
