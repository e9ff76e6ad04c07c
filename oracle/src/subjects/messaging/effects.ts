import type { CloudEventAttributes } from '@leftfold/messaging';
import { CompiledQuery } from 'kysely';

/** What consumers write. The order of the numbers is that in which they wrote. Nothing prevents a second effect. */
export const EFFECTS_TABLE = `
  create schema oracle;
  create table oracle.effects (
    number     bigint generated always as identity primary key,
    key        text not null,
    sequence   text not null,
    message_id text not null
  )`;

/** The effect of a message in binary mode. */
export function insertEffect({ partitionkey, sequence, id }: CloudEventAttributes): CompiledQuery {
  return CompiledQuery.raw('insert into oracle.effects (key, sequence, message_id) values ($1, $2, $3)', [
    partitionkey,
    sequence,
    id,
  ]);
}
