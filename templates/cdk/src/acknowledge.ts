import { AspectPriority, Aspects, Stack, Validations } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

const reason =
  "Made of the table of calls in greenlight's code: * stands alone where IAM knows no resource for the action, and else only for what one name doesn't say: versions of the one function, streams of the one log group, deployments of the one service.";

/**
 * Tells cdk-nag why there are wildcards in statements of the gate's, each by the very resource: what others write into the same policy is
 * not covered.
 */
export function acknowledgeWildcards(scope: IConstruct, statements: () => readonly PolicyStatement[]): void {
  Aspects.of(scope).add(
    {
      // At the end, when logical ids are settled.
      visit: (node) => {
        if (node !== scope) {
          return;
        }
        const resources = new Set(statements().flatMap((s) => s.resources.map((r) => flat(Stack.of(scope).resolve(r)))));
        for (const resource of resources) {
          if (resource.includes('*')) {
            Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
          }
        }
      },
    },
    { priority: AspectPriority.READONLY },
  );
}

/** A resource as cdk-nag writes it: `<Id>` for a reference, `<Id.Arn>` for an attribute. */
function flat(resolved: unknown): string {
  if (typeof resolved !== 'object' || resolved === null) {
    return String(resolved);
  }
  const value = resolved as { Ref?: string; 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, unknown[]] };
  if (value['Fn::Join'] !== undefined) {
    const [separator, parts] = value['Fn::Join'];
    return parts.map(flat).join(separator);
  }
  if (value['Fn::GetAtt'] !== undefined) {
    return `<${value['Fn::GetAtt'].join('.')}>`;
  }
  return value.Ref === undefined ? JSON.stringify(resolved) : `<${value.Ref}>`;
}
