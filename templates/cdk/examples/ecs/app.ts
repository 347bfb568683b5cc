import { App } from 'aws-cdk-lib';
import { ShopStack } from './stack.js';

const app = new App();
const given = (name: string) => app.node.getContext(name); // it says which is missing

new ShopStack(app, 'Shop', {
  vpcId: given('vpcId'),
  vpcCidrBlock: given('vpcCidrBlock'),
  availabilityZones: given('availabilityZones'),
  privateSubnetIds: given('privateSubnetIds'),
  privateSubnetRouteTableIds: given('privateSubnetRouteTableIds'),
  image: given('image'),
  containerPort: Number(given('containerPort')),
  healthPath: given('healthPath'),
  code: given('code'),
  plan: given('plan'),
});
