import { dockerAddress } from './docker-address.ts';
import type { Environment, TestServer } from './test-server.ts';

/** What is used of `@testcontainers/postgresql`, which is installed only by those who want it. */
interface PostgreSqlContainer {
  withCommand(command: string[]): PostgreSqlContainer;
  start(): Promise<{ getConnectionUri(): string; stop(): Promise<unknown> }>;
}

const settings = ['fsync=off', 'wal_level=logical', 'max_prepared_transactions=50', 'max_connections=200'];

/**
 * Starts Postgres in a container.
 *
 * @throws Error at once when Docker does not answer, or the package is not installed.
 */
export async function startContainer(environment: Environment, version: number): Promise<TestServer> {
  const address = await dockerAddress(environment);
  if (address === undefined) {
    throw new Error(
      'LEFTFOLD_TEST_POSTGRES is "testcontainers", and no Docker answers: start it, or point DOCKER_HOST to it, ' +
        'or unset LEFTFOLD_TEST_POSTGRES for the server that needs no Docker',
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
  const name: string = '@testcontainers/postgresql'; // not a literal: compilers need not find it
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
