// The payments service, a process of its own.
import { aggregateIdOf, defineReaction } from '@leftfold/core';
import { defineConsumer, defineRelay } from '@leftfold/messaging';
import { createApp } from 'leftfold';
import { orderMessages, ORDERS } from '../orders/messages.ts';
import { runService } from '../service/run-service.ts';
import { service } from '../service/service-options.ts';
import { transportOf } from '../service/transport.ts';
import { paymentMessages, PAYMENTS } from './messages.ts';
import { payment, paymentEvents } from './payment.ts';

const CARD_LIMIT_CENTS = 50_000;

const ordersIn = defineConsumer({
  ...service.consumer,
  name: 'payments',
  transport: transportOf('orders'),
  sources: [ORDERS],
  messages: [orderMessages],
  commands: {
    'orders.placed': ({ data: { orderId, cents } }) => payment.command.request(orderId, { cents }),
  },
});

/** A card company is asked here, outside of the database. */
const charges = defineReaction({
  name: 'charges',
  events: [paymentEvents],
  on: {
    'payment.requested': async ({ streamId, data }, { execute }) => {
      const approved = data.cents <= CARD_LIMIT_CENTS;
      await execute(payment.command.settle(aggregateIdOf(streamId), { approved }));
    },
  },
});

const paymentsOut = defineRelay({
  name: 'payments-out',
  source: PAYMENTS,
  events: [paymentEvents],
  publishes: [paymentMessages],
  map: {
    'payment.taken': ({ streamId }) => paymentMessages.create.taken({ orderId: aggregateIdOf(streamId) }),
    'payment.declined': ({ streamId }) =>
      paymentMessages.create.declined({ orderId: aggregateIdOf(streamId) }),
  },
  transport: transportOf('payments'),
});

const app = await createApp({
  ...service.app,
  aggregates: [payment],
  reactions: [charges],
  relays: [paymentsOut],
  consumers: [ordersIn],
});

runService(app);
