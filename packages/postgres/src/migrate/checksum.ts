import { hash } from 'node:crypto';
import type { MigrateOptions } from './migration.ts';

/** Differs when the SQL of a migration or of a function does. */
export function checksumOf({
  migrations,
  functions = [],
}: Pick<MigrateOptions, 'migrations' | 'functions'>): string {
  const texts = [migrations, functions].map((list) => list.map(({ name, sql }) => [name, sql]));
  return hash('sha256', JSON.stringify(texts));
}
