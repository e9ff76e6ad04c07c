import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@leftfold/testing/postgres';
import { freePort } from '../services/free-port.ts';
import { ask } from './ask.ts';

export interface PgBouncer extends AsyncDisposable {
  /** The database of the given connection string, by way of the pooler. */
  readonly connectionString: string;
  /** Runs a command of its console, such as `PAUSE`. */
  command(text: string): Promise<void>;
}

/**
 * Starts PgBouncer in transaction mode.
 *
 * @param program the file of PgBouncer
 * @param settings lines of its configuration, such as `default_pool_size = 1`
 */
export async function startPgBouncer(
  program: string,
  connectionString: string,
  settings: readonly string[] = [],
): Promise<PgBouncer> {
  const { hostname, port, username, password, pathname } = new URL(connectionString);
  const database = pathname.slice(1);
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-pgbouncer-'));
  const listenPort = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(
    file,
    `[databases]
${database} = host=${hostname} port=${port} dbname=${database} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
admin_users = ${username}
pool_mode = transaction
ignore_startup_parameters = extra_float_digits,options
server_login_retry = 1
${settings.join('\n')}
`,
  );
  // PgBouncer refuses to run as root.
  const asNobody = process.getuid?.() === 0;
  if (asNobody) {
    chmodSync(folder, 0o755);
    chmodSync(file, 0o644);
  }
  const bouncer = spawn(program, [...(asNobody ? ['-u', 'nobody'] : []), file], { stdio: 'ignore' });
  const url = new URL(connectionString);
  url.host = `127.0.0.1:${listenPort}`;
  await until(
    () =>
      ask(url.href, 'select').then(
        () => true,
        () => false,
      ),
    { message: 'PgBouncer answers' },
  );
  const console = new URL(url);
  console.pathname = '/pgbouncer';
  return {
    connectionString: url.href,
    command: async (text) => {
      await ask(console.href, text);
    },
    [Symbol.asyncDispose]: async () => {
      if (bouncer.exitCode === null && bouncer.kill('SIGKILL')) await once(bouncer, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
