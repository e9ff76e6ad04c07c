import type { ResultOf } from 'leftfold';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Shop } from '../open-shop.ts';

type Reason = Extract<ResultOf<Shop>, { readonly outcome: 'rejected' }>['reason'];

/**
 * The status of each rejection: 409 if the order is in the wrong state, 422 if it is incomplete. A reason without a row
 * does not compile.
 */
export const rejectionStatuses: Readonly<Record<Reason, ContentfulStatusCode>> = {
  'order-exists': 409,
  'order-not-open': 409,
  'order-empty': 422,
};
