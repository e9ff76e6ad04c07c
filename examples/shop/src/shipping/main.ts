// The shipping service, a process of its own.
import { aggregateIdOf } from '@leftfold/core';
import { defineConsumer, defineRelay } from '@leftfold/messaging';
import { createApp } from 'leftfold';
import { paymentMessages, PAYMENTS } from '../payments/messages.ts';
import { runService } from '../service/run-service.ts';
import { service } from '../service/service-options.ts';
import { transportOf } from '../service/transport.ts';
import { parcelMessages, SHIPPING } from './messages.ts';
import { parcel, parcelEvents } from './parcel.ts';

const paymentsIn = defineConsumer({
  ...service.consumer,
  name: 'shipping',
  transport: transportOf('payments'),
  sources: [PAYMENTS],
  messages: [paymentMessages],
  // A payment that was declined has no parcel: its messages are skipped.
  commands: { 'payments.taken': ({ data }) => parcel.command.send(data.orderId, {}) },
});

const parcelsOut = defineRelay({
  name: 'parcels-out',
  source: SHIPPING,
  events: [parcelEvents],
  publishes: [parcelMessages],
  map: {
    'parcel.sent': ({ streamId }) => parcelMessages.create.sent({ orderId: aggregateIdOf(streamId) }),
  },
  transport: transportOf('shipping'),
});

const app = await createApp({
  ...service.app,
  aggregates: [parcel],
  relays: [parcelsOut],
  consumers: [paymentsIn],
});

runService(app);
