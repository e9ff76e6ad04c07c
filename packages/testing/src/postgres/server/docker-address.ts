import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './test-server.ts';

/**
 * Finds the address of a running Docker by connecting to it. An installed client does not show that Docker runs, and
 * testcontainers takes long to report that it does not.
 *
 * @returns the address, or undefined when no Docker responds.
 */
export async function dockerAddress(environment: Environment): Promise<string | undefined> {
  for (const address of candidates(environment)) {
    if (await responds(address)) return address;
  }
  return undefined;
}

function candidates(environment: Environment): string[] {
  const host = environment['DOCKER_HOST'];
  if (host !== undefined && host !== '') return [host];
  if (process.platform === 'win32') return ['npipe:////./pipe/docker_engine'];
  const runtime = environment['XDG_RUNTIME_DIR'];
  return [
    'unix:///var/run/docker.sock',
    `unix://${join(homedir(), '.docker/run/docker.sock')}`,
    ...(runtime === undefined ? [] : [`unix://${join(runtime, 'docker.sock')}`]),
  ];
}

function responds(address: string): Promise<boolean> {
  const { protocol, pathname, hostname, port } = new URL(address);
  const isLocal = protocol === 'unix:' || protocol === 'npipe:';
  // The URL of a named pipe is npipe:////./pipe/name, its path is //./pipe/name.
  const path = protocol === 'npipe:' ? address.slice('npipe://'.length) : pathname;
  if (protocol === 'unix:' && !existsSync(path)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = isLocal ? connect(path) : connect(Number(port === '' ? 2375 : port), hostname);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => settle(false));
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
