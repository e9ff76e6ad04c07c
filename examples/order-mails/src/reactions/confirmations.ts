import { aggregateIdOf, defineReaction } from '@leftfold/core';
import { order, orderEvents } from '../domain/order.ts';
import type { SendMail } from '../mail/mail.ts';

/**
 * Sends an e-mail for each order, and then confirms the order.
 *
 * The handler is called again when it fails, or when its process is killed before its end is recorded. The service sends
 * one mail for a key, and the command is executed once, so that nothing happens twice.
 */
export function confirmationsBy(sendMail: SendMail) {
  return defineReaction({
    name: 'confirmations',
    events: [orderEvents],
    slices: 2,
    onFailure: 'park',
    retry: { attempts: 8, firstDelayMs: 200 },
    on: {
      'order.placed': async ({ streamId, data }, { execute, idempotencyKey, signal }) => {
        const id = aggregateIdOf(streamId);
        const mail = { to: data.email, subject: `Order ${id}`, text: `We have received your order ${id}.` };
        await sendMail(mail, { idempotencyKey, signal });
        await execute(order.command.confirm(id, {}));
      },
    },
  });
}
