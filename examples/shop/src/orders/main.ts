// The orders service, a process of its own.
import { aggregateIdOf } from '@leftfold/core';
import { defineConsumer, defineRelay } from '@leftfold/messaging';
import { createApp } from 'leftfold';
import { paymentMessages, PAYMENTS } from '../payments/messages.ts';
import { parcelMessages, SHIPPING } from '../shipping/messages.ts';
import { runService } from '../service/run-service.ts';
import { service } from '../service/service-options.ts';
import { transportOf } from '../service/transport.ts';
import { orderMessages, ORDERS } from './messages.ts';
import { order, orderEvents } from './order.ts';

const ordersOut = defineRelay({
  name: 'orders-out',
  source: ORDERS,
  events: [orderEvents],
  publishes: [orderMessages],
  map: {
    'order.placed': ({ streamId, data: { cents } }) =>
      orderMessages.create.placed({ orderId: aggregateIdOf(streamId), cents }),
  },
  transport: transportOf('orders'),
});

const paymentsIn = defineConsumer({
  ...service.consumer,
  name: 'orders-payments',
  transport: transportOf('payments'),
  sources: [PAYMENTS],
  messages: [paymentMessages],
  commands: {
    'payments.taken': ({ data }) => order.command.pay(data.orderId, {}),
    'payments.declined': ({ data }) => order.command.decline(data.orderId, {}),
  },
});

const parcelsIn = defineConsumer({
  ...service.consumer,
  name: 'orders-parcels',
  transport: transportOf('shipping'),
  sources: [SHIPPING],
  messages: [parcelMessages],
  commands: { 'parcels.sent': ({ data }) => order.command.ship(data.orderId, {}) },
});

const app = await createApp({
  ...service.app,
  aggregates: [order],
  relays: [ordersOut],
  consumers: [paymentsIn, parcelsIn],
});

runService(app, async (orders) => {
  for (let number = 1; number <= orders; number += 1) {
    // Every eighth one costs more than the card allows. With its own id, an order is placed once by restarted processes too.
    const cents = number % 8 === 0 ? 90_000 : 1_000 + number;
    await app.execute(order.command.place(`o-${number}`, { cents }), { commandId: `place-o-${number}` });
  }
});
