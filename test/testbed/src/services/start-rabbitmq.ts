import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '@leftfold/testing/postgres';
import { freePort } from './free-port.ts';
import { killProcess, pauseProcess } from '../faults/processes.ts';
import { findProgram } from '../faults/programs.ts';

/** A RabbitMQ server of a test's own, with one node and the login guest. */
export interface RabbitmqServer extends AsyncDisposable {
  /** Such as `amqp://guest:guest@127.0.0.1:41234`. The same after each start. */
  readonly url: string;
  /** Ends it as the kernel does when memory runs out. */
  kill(): Promise<void>;
  /** Starts it again, with what it has on disk; takes some seconds. */
  start(): Promise<void>;
  /** Stops its process until the pause is over: its connections stay open, and it does not answer. */
  pause(pause: Promise<void>): Promise<void>;
  /** Runs rabbitmqctl, which takes a second or two. @returns what it printed */
  control(...args: readonly string[]): Promise<string>;
}

export interface RabbitmqServerOptions {
  /** Such as `rabbitmq_consistent_hash_exchange`. None by default. */
  readonly plugins?: readonly string[];
  /** Lines of rabbitmq.conf. None by default. */
  readonly settings?: readonly string[];
}

/**
 * Starts a RabbitMQ server on a free port of the loopback interface. Its files, its name server and its Erlang cookie are
 * its own: other servers of the machine are not concerned.
 *
 * @param program the file of rabbitmq-server, as `findProgram` returns it
 */
export async function startRabbitmq(
  program: string,
  { plugins = [], settings = [] }: RabbitmqServerOptions = {},
): Promise<RabbitmqServer> {
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-rabbitmq-'));
  const [port, distributionPort, namePort] = [await freePort(), await freePort(), await freePort()];
  const configuration = join(folder, 'rabbitmq.conf');
  const enabled = join(folder, 'enabled_plugins');
  const log = join(folder, 'output.log');
  writeFileSync(configuration, [`listeners.tcp.1 = 127.0.0.1:${port}`, ...settings, ''].join('\n'));
  writeFileSync(enabled, `[${plugins.join(',')}].\n`);
  const env = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: folder, // Erlang writes its cookie there
    ERL_EPMD_PORT: String(namePort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_FLAGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_NODENAME: 'leftfold@localhost',
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'), // none: not that of the system
    RABBITMQ_CONFIG_FILE: configuration,
    RABBITMQ_ENABLED_PLUGINS_FILE: enabled,
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RUNNING_UNDER_SYSTEMD: 'true', // the script becomes the virtual machine, and no process above it
  };
  const output = openSync(log, 'a');
  const nameServer = findProgram('epmd');
  if (nameServer === undefined) throw new Error('epmd, the name server of Erlang, is not installed');
  const names = spawn(nameServer, [], { env, stdio: 'ignore' });
  let server: ChildProcess;
  const killWithUs = () => {
    server.kill('SIGKILL');
    names.kill('SIGKILL');
  };
  process.once('exit', killWithUs);

  const start = async () => {
    server = spawn(program, [], { env, cwd: folder, stdio: ['ignore', output, output] });
    await until(
      () => {
        if (server.exitCode !== null)
          throw new Error(`RabbitMQ ended: ${readFileSync(log, 'utf8').slice(-2_000)}`);
        return greets(port);
      },
      { timeoutMs: 120_000, message: 'RabbitMQ answers' },
    );
  };
  const kill = async () => {
    await killProcess(server);
    await until(async () => !(await greets(port)), { message: 'RabbitMQ is gone' });
  };
  const end = async () => {
    process.off('exit', killWithUs);
    await kill();
    await killProcess(names);
    closeSync(output);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    start,
    kill,
    pause: (pause) => pauseProcess(server, pause),
    control: async (...args) => {
      const { stdout } = await promisify(execFile)(join(dirname(program), 'rabbitmqctl'), args, {
        env,
        cwd: folder,
      });
      return stdout;
    },
    [Symbol.asyncDispose]: end,
  };
}

/** Whether a server answers the first bytes of an AMQP connection. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('AMQP\u0000\u0000\u0009\u0001'));
    socket.setTimeout(1_000);
    const end = (answered: boolean) => {
      resolve(answered);
      socket.destroy();
    };
    socket.on('data', () => end(true));
    for (const event of ['error', 'close', 'timeout']) socket.on(event, () => end(false));
  });
}
