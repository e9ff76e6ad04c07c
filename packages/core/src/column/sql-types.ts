import type { SqlTypes } from '../projection/columns.ts';
import { bigint } from './bigint.ts';
import { boolean } from './boolean.ts';
import { date } from './date.ts';
import { doublePrecision } from './double-precision.ts';
import { integer } from './integer.ts';
import { jsonb } from './jsonb.ts';
import { numeric } from './numeric.ts';
import type { SqlType } from './sql-type.ts';
import { text } from './text.ts';
import { timestamptz } from './timestamptz.ts';
import { uuid } from './uuid.ts';

/** The SQL types of columns, by name. */
export const sqlTypes: { readonly [TName in keyof SqlTypes]: SqlType<SqlTypes[TName]> } = {
  text,
  uuid,
  integer,
  bigint,
  'double precision': doublePrecision,
  numeric,
  boolean,
  timestamptz,
  date,
  jsonb,
};
