import { Socket } from 'node:net';
import pg from 'pg';
import { DatabaseNotConfiguredError, InvalidArgumentError } from '@leftfold/core';
import { assertText, holds } from '@leftfold/core/input';
import { assertConnectionString } from './connection-string.ts';
import { OpenedPool } from './opened-pool.ts';
import { CONNECT_TIMEOUT_MS, pinSettings } from './session-settings.ts';

/** Where the database is: a connection string, or a pool that the caller owns and ends. */
export interface ConnectionOptions {
  readonly connectionString?: string | undefined;
  readonly pool?: pg.Pool | undefined;
  /** Connections of a pool made from `connectionString`. @default 10 */
  readonly maxConnections?: number | undefined;
}

/**
 * An idle connection whose other end has vanished is found after this time, and firewalls that forget silent connections
 * keep it.
 */
const KEEP_ALIVE_MS = 10_000;
const ignore = () => {};

const BINARY = 'must not have binary: true, nor pg.defaults: values are parsed from text';

/**
 * @throws DatabaseNotConfiguredError when neither `connectionString` nor `pool` is given.
 * @throws InvalidArgumentError when both are given, or one is none. The message has no part of the connection string.
 */
export function openPool({ connectionString, pool, maxConnections = 10 }: ConnectionOptions): OpenedPool {
  if (pool !== undefined) {
    // A client has `connect` too.
    if (!holds(() => typeof pool?.connect === 'function' && 'totalCount' in pool))
      throw InvalidArgumentError.not('a pool of pg', 'pool', pool);
    if (connectionString !== undefined)
      throw new InvalidArgumentError('connectionString', 'or pool must be given, not both');
    if (isBinary(pool.options)) throw new InvalidArgumentError('pool', BINARY);
    // Without any listener, an idle connection that breaks would end the caller's process.
    if (pool.listenerCount('error') === 0) pool.on('error', ignore);
    pinSettings(pool);
    return new OpenedPool(pool);
  }
  assertText('connectionString', connectionString);
  if (connectionString === undefined)
    throw new DatabaseNotConfiguredError('give either a connectionString or a pool');
  assertConnectionString(connectionString);
  if (isBinary({})) throw new InvalidArgumentError('connectionString', BINARY);
  const sockets = new Set<Socket>();
  const own = new pg.Pool({
    connectionString,
    // For connections to this database that are not the pool's too.
    stream: () => tracked(sockets),
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'leftfold',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    allowExitOnIdle: true,
    // The statements of a projection do not wait for each other's answers.
    pipeline: true,
  });
  // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
  own.on('error', ignore);
  // Whoever prints the pool does not print the password.
  Object.defineProperty(own.options, 'connectionString', { enumerable: false });
  pinSettings(own);
  return new OpenedPool(own, sockets);
}

/** A new socket, which is in the set until it is closed. */
function tracked(sockets: Set<Socket>): Socket {
  const socket = new Socket();
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  return socket;
}

function isBinary(options: pg.PoolConfig): boolean {
  // pg's types lack this option.
  return ('binary' in options && options.binary === true) || pg.defaults.binary === true;
}
