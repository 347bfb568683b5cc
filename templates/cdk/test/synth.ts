import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type AppProps, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { CfnRole, Role } from 'aws-cdk-lib/aws-iam';
import { Code } from 'aws-cdk-lib/aws-lambda';

/** The folder of the package, from where the tests are compiled to. */
export const root = join(__dirname, '..', '..');

/** A stand-in for the function's zip. */
export const zip = join(root, 'test', 'testdata', 'function.zip');

/** The code of a gate in tests. */
export const code = () => Code.fromAsset(zip);

/** An app and a stack, in which nothing is found out from an account. */
export function newStack(props: AppProps = {}): { app: App; stack: Stack } {
  // CloudFormation's own rules, which the CDK knows by then, are errors.
  const app = new App({ analyticsReporting: false, context: { '@aws-cdk/core:validateAgainstDefaultRules': true }, ...props });
  return { app, stack: new Stack(app, 'Stack') };
}

/** A stack's template, as JSON. */
export function templateOf(stack: Stack): Record<string, Record<string, Resource>> {
  return Template.fromStack(stack).toJSON();
}

/** A resource of a template. */
export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's properties have the shapes of a thousand resources
  readonly Properties: any;
  readonly DependsOn?: string[];
  readonly UpdatePolicy?: unknown;
}

/**
 * All that the policies of a template allow a role, each as "action resource", in order; references are written `<Id>`, and attributes
 * `<Id.Name>`.
 */
export function allowed(stack: Stack, role: Role): string[] {
  const id = stack.getLogicalId(role.node.defaultChild as CfnRole);
  const list = (v: unknown) => (Array.isArray(v) ? v : [v]);
  return Object.values(templateOf(stack).Resources ?? {})
    .filter((r) => r.Type === 'AWS::IAM::Policy' && r.Properties.Roles.some((of: { Ref?: string }) => of.Ref === id))
    .flatMap((r) => r.Properties.PolicyDocument.Statement)
    .flatMap((s) => list(s.Action).flatMap((action) => list(s.Resource).map((resource) => `${action} ${flat(resource)}`)))
    .sort();
}

function flat(value: unknown): string {
  const v = value as { Ref?: string; 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, unknown[]] };
  if (typeof value === 'string') {
    return value;
  }
  return v['Fn::Join'] ? v['Fn::Join'][1].map(flat).join(v['Fn::Join'][0]) : v.Ref ? `<${v.Ref}>` : `<${v['Fn::GetAtt']?.join('.')}>`;
}

/** What a golden file holds; UPDATE=1 writes it anew. */
export function golden(name: string, content: unknown): { got: string; want: string } {
  const path = join(root, 'test', 'testdata', name);
  const got = `${JSON.stringify(content, null, 2)}\n`;
  if (process.env.UPDATE === '1') {
    writeFileSync(path, got);
  }
  return { got, want: existsSync(path) ? readFileSync(path, 'utf8') : '' };
}
