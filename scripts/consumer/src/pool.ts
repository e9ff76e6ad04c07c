import type { ConnectionOptions, PostgresEventStore } from '@leftfold/event-store';
import type { AppDatabaseOptions } from 'leftfold';

type IsAny<T> = 0 extends 1 & T ? true : false;

// The types of `pg` come with the packages: without them a pool would be `any`.
export const isAny: readonly false[] = [
  false satisfies IsAny<PostgresEventStore['pool']>,
  false satisfies IsAny<AppDatabaseOptions['pool']>,
  false satisfies IsAny<ConnectionOptions['pool']>,
];
