import type pg from 'pg';
import type { Effect } from './release.ts';

/** Where reactions leave their effects. The order of the numbers is that in which they happened. */
export const EFFECTS_TABLE = `
  create schema oracle;
  create table oracle.effects (
    number   bigint generated always as identity primary key,
    reaction text not null,
    key      text not null,
    position bigint not null
  )`;

export async function recordEffect(pool: pg.Pool, { reaction, key, position }: Effect): Promise<void> {
  await pool.query('insert into oracle.effects (reaction, key, position) values ($1, $2, $3)', [
    reaction,
    key,
    position,
  ]);
}
