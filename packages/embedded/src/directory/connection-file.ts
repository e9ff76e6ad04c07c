import { join } from 'node:path';

/** Where a kept directory has the passwords of its server, its port, and its connection string. */
export function connectionFile(directory: string): string {
  return join(directory, 'connection.json');
}

/** Of the database `postgres`. */
export function connectionStringOf(role: string, password: string, port: number): string {
  return `postgresql://${role}:${password}@127.0.0.1:${port}/postgres`;
}
