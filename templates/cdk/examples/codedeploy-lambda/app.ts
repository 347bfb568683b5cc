import { App } from 'aws-cdk-lib';
import { PricesStack } from './stack.js';

const app = new App();
const given = (name: string) => app.node.getContext(name); // it says which is missing

new PricesStack(app, 'Prices', { prices: given('prices'), code: given('code'), plan: given('plan') });
