import { TransportRefusedError } from '@leftfold/core';
import { StreamConnection } from './stream-connection.ts';
import { StreamKeys } from './stream-keys.ts';
import type { StreamSettings } from './stream-options.ts';

/** A stream with a connection to its server. */
export interface OpenStream {
  readonly settings: StreamSettings;
  readonly keys: StreamKeys;
  readonly connection: StreamConnection;
}

const LEAST_VERSION = 7;

/**
 * Connects, and lets consumers have their groups.
 *
 * @throws TransportUnavailableError, TransportRefusedError
 */
export async function openStream(
  settings: StreamSettings,
  consumers: readonly string[],
): Promise<OpenStream> {
  const { name, server, stream, partitions } = settings;
  const connection = await StreamConnection.open(name, server);
  try {
    assertServer(name, await connection.info());
    await connection.loadScripts();
    const keys = new StreamKeys(stream, partitions);
    const ofPartitions = keys.partitions.flatMap((partition) => [
      keys.messages(partition),
      keys.runs(partition),
      keys.runsBefore(partition),
    ]);
    const found = await connection.run(
      'prepare',
      [keys.settings, ...ofPartitions],
      [partitions, ...consumers],
    );
    if (String(found) !== String(partitions))
      throw new TransportRefusedError(
        name,
        `it has ${String(found)} partitions, and the option \`partitions\` says ${partitions}, so that keys would lose their order; use ${String(found)}, or another stream`,
      );
    return { settings, keys, connection };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** @throws TransportRefusedError when a server cannot keep what it has confirmed */
function assertServer(name: string, info: string): void {
  const about = new Map(
    info.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
  const version = about.get('redis_version') ?? '0';
  if (Number.parseInt(version, 10) < LEAST_VERSION)
    throw new TransportRefusedError(name, `it is Redis ${version}; use version ${LEAST_VERSION} or newer`);
  if (about.get('cluster_enabled') === '1')
    throw new TransportRefusedError(name, 'it is a Redis Cluster, which is not supported');
  const policy = about.get('maxmemory_policy') ?? '';
  if (about.get('maxmemory') !== '0' && policy.startsWith('allkeys'))
    throw new TransportRefusedError(
      name,
      `it deletes streams when its memory is full, by its setting maxmemory-policy ${policy}; set that to noeviction`,
    );
}
