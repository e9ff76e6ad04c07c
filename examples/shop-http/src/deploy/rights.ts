import { rightsScript } from 'leftfold';
import { shop } from '../open-shop.ts';

const { schema, projections } = shop;
process.stdout.write(rightsScript({ schema, projections }));
