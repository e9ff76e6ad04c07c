import { dockerAddress } from './docker-address.ts';
import type { Environment, TestServer } from './test-server.ts';

/** The used part of `@testcontainers/postgresql`, which is an optional package. */
interface PostgreSqlContainer {
  withCommand(command: string[]): PostgreSqlContainer;
  start(): Promise<{ getConnectionUri(): string; stop(): Promise<unknown> }>;
}

const settings = ['fsync=off', 'wal_level=logical', 'max_prepared_transactions=50', 'max_connections=200'];

/**
 * Starts PostgreSQL in a container.
 *
 * @throws Error at once when Docker does not respond, or the package is not installed.
 */
export async function startContainer(environment: Environment, version: number): Promise<TestServer> {
  const address = await dockerAddress(environment);
  if (address === undefined) {
    throw new Error(
      'LEFTFOLD_TEST_POSTGRES is "testcontainers", but Docker does not respond: start it, or set DOCKER_HOST, ' +
        'or unset LEFTFOLD_TEST_POSTGRES to use the embedded server, which needs no Docker',
    );
  }
  const image = `postgres:${version}-alpine`;
  const container = (await newContainer(image)).withCommand([
    'postgres',
    ...settings.flatMap((one) => ['-c', one]),
  ]);
  const started = await container.start();
  return {
    connectionString: started.getConnectionUri(),
    description: `PostgreSQL ${version} (container of ${image}, Docker at ${address})`,
    stop: async () => void (await started.stop()),
  };
}

async function newContainer(image: string): Promise<PostgreSqlContainer> {
  const name: string = '@testcontainers/postgresql'; // not a literal type, so that the package need not be installed to compile
  try {
    const module = (await import(name)) as {
      PostgreSqlContainer: new (image: string) => PostgreSqlContainer;
    };
    return new module.PostgreSqlContainer(image);
  } catch (cause) {
    const message =
      'LEFTFOLD_TEST_POSTGRES is "testcontainers": run "npm install --save-dev @testcontainers/postgresql"';
    throw new Error(message, { cause });
  }
}
