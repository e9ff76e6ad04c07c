import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';
/** Where Debian has what its wrappers of RabbitMQ run as another user. */
const RABBITMQ = '/usr/lib/rabbitmq/bin';

/**
 * A program of the system, for a test that has no use without it: skip the test then.
 *
 * @returns undefined when it is not installed
 * @throws Error then, in a run that requires every service
 */
export function findProgram(name: string): string | undefined {
  const versions = existsSync(DEBIAN)
    ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin'))
    : [];
  const folders = [
    ...versions,
    RABBITMQ,
    ...(process.env['PATH'] ?? '').split(':'),
    '/usr/sbin',
    '/usr/local/sbin',
  ];
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (found === undefined && process.env['LEFTFOLD_REQUIRE_SERVICES'] === '1')
    throw new Error(`${name} is not installed, and LEFTFOLD_REQUIRE_SERVICES asks for it`);
  return found;
}
