import { numberArray, textArray } from '@leftfold/postgres';
import { hashOfKey } from '../lease/lease-transaction.ts';
import type { HeldLease } from './leases.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** A session with an open transaction of a former owner. */
export interface FormerSession {
  /** Of the lease, in the order that was given, from 1. */
  readonly number: number;
  readonly pid: number;
  readonly role: string;
  /** False when this role may not end it. */
  readonly ended: boolean;
}

/**
 * Ends the sessions in which former owners of leases have left a transaction open: they hold row locks, and a process
 * that is paused cannot roll back. With an older epoch they could not commit any more.
 *
 * SQL: one SELECT that calls `pg_terminate_backend` with the rights of this role, for sessions of a role that it is a
 * member of, or of any role if it is a member of `pg_signal_backend`. It does not wait until they are gone.
 */
export async function endFormerSessions(
  { run, schema }: SchemaConnection,
  leases: readonly HeldLease[],
): Promise<readonly FormerSession[]> {
  return run<FormerSession>({
    name: undefined,
    text: `select lease.number::integer,
                  former.pid,
                  former.usename as role,
                  case when pg_has_role(former.usesysid, 'usage') or pg_has_role('pg_signal_backend', 'usage')
                       then pg_terminate_backend(former.pid)
                       else false end as ended
             from unnest($1::text[], $2::bigint[]) with ordinality as lease (hash, epoch, number)
             join pg_stat_activity as former
               on substring(former.application_name from '^leftfold ([0-9a-f]{12}):[0-9]{1,18} ') = lease.hash
            where former.datname = current_database()
              and former.pid <> pg_backend_pid()
              and substring(former.application_name from '^leftfold [0-9a-f]{12}:([0-9]{1,18}) ')::bigint < lease.epoch`,
    values: [
      textArray(leases.map((lease) => hashOfKey(schema, lease))),
      numberArray(leases.map(({ epoch }) => epoch)),
    ],
  });
}
