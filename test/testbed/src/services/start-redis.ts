import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@leftfold/testing/postgres';
import { killProcess, pauseProcess } from '../faults/processes.ts';
import { freePort } from './free-port.ts';

/** A Redis server of its own. It appends each write to its file before it answers. */
export interface RedisServer extends AsyncDisposable {
  /** Stays the same when it is killed and started again. */
  readonly url: string;
  /** Ends it as the kernel does when memory runs out. */
  kill(): Promise<void>;
  /** Starts it again with the same data, and waits until it answers. */
  start(): Promise<void>;
  /** Stops its process until the pause is over: its connections stay open, and it does not answer. */
  pause(pause: Promise<void>): Promise<void>;
}

/**
 * @param program the file of redis-server
 * @param settings more of its arguments, such as `['--maxmemory', '8mb']`
 * @throws Error when it does not come up, with what it has written
 */
export async function startRedis(program: string, settings: readonly string[] = []): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-redis-'));
  const logFile = join(folder, 'log');
  const port = await freePort();
  const given = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', ''];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  let server: ChildProcess;
  const killWithUs = () => server.kill('SIGKILL');
  const start = async () => {
    const log = openSync(logFile, 'a');
    server = spawn(program, [...given, ...durable, ...settings], { stdio: ['ignore', log, log] });
    closeSync(log);
    await until(
      () => {
        if (server.exitCode !== null) throw new Error(`redis-server ended: ${readFileSync(logFile, 'utf8')}`);
        return isReady(port);
      },
      { message: 'Redis answers' },
    );
  };
  const end = async () => {
    process.off('exit', killWithUs);
    await killProcess(server);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', killWithUs);
  try {
    await start();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => killProcess(server),
    start,
    pause: (pause) => pauseProcess(server, pause),
    [Symbol.asyncDispose]: end,
  };
}

/** Whether it has read its data and answers, if only that a password is missing. */
function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(/^(\+PONG|-NOAUTH)/.test(answer.toString()));
    });
  });
}
