import { type LogToken } from '@leftfold/core';
import type { ReleaseName } from './releases.ts';

/** What the test asks a process to do. */
export type Order =
  | { readonly do: 'start'; readonly release: ReleaseName; readonly url: string; readonly owner: string }
  | { readonly do: 'execute'; readonly command: unknown }
  | {
      readonly do: 'query';
      readonly projection: string;
      readonly options: { readonly atLeast?: LogToken; readonly timeoutMs?: number };
    }
  | { readonly do: 'waitFor'; readonly projection: string; readonly token: LogToken }
  | { readonly do: 'whenCaughtUp'; readonly projection: string }
  | { readonly do: 'reset'; readonly projection: string }
  | { readonly do: 'status' }
  | { readonly do: 'incidents' }
  | { readonly do: 'stop' };

export interface Asked {
  readonly id: number;
  readonly order: Order;
}

/** What is known of an error in another process. */
export interface ToldError {
  readonly message: string;
  readonly code?: unknown;
  readonly retryable?: unknown;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ToldError };
