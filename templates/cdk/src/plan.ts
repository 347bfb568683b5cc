import { existsSync, readFileSync } from 'node:fs';
import { Token } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IStringParameter } from 'aws-cdk-lib/aws-ssm';
import { actionsOf, type Feature } from './statements.js';

/** What a plan means for the function. */
export interface GatePlanConfig {
  /** The value of `GREENLIGHT_PLAN`; none for the plan in the bundle. */
  readonly location?: string;
  /** What is read from AWS for it. */
  readonly reading?: Reading;
}

/** Lambda's limit for all environment variables of a function together, in bytes; what else there is gets a quarter. */
const INLINE_LIMIT = 3072;

/**
 * Where the plan lies: what must be true of the new version at each stage.
 *
 * @see https://github.com/greenlight-deploy/greenlight/blob/main/docs/plan.md#where-it-comes-from
 */
export abstract class GatePlan {
  /** `greenlight.yaml` in the function's zip: `make package PLAN=greenlight.yaml` puts it there. The default. */
  static bundled(): GatePlan {
    return new Located();
  }

  /**
   * One object in a bucket of the function's region, read anew when it has changed. The role may read this object and no other,
   * and may not list the bucket: an object that isn't there is reported as one that may not be read.
   *
   * @param key may hold `{{ application }}`, `{{ group }}`, `{{ cluster }}` and `{{ service }}`, which the role then has as `*`.
   */
  static fromBucket(bucket: IBucket, key: string): GatePlan {
    const resource = bucket.arnForObjects(key.replace(/\{\{[^}]*\}\}/g, '*'));
    return new Located(`s3://${bucket.bucketName}/${key}`, { feature: 'plan-s3', resource, key: bucket.encryptionKey });
  }

  /**
   * A parameter of the Systems Manager's Parameter Store.
   *
   * @param key the key of one's own that a SecureString is encrypted under; none where it is the account's `aws/ssm`.
   */
  static fromParameter(parameter: IStringParameter, key?: IKey): GatePlan {
    return new Located(`ssm:${parameter.parameterName}`, { feature: 'plan-ssm', resource: parameter.parameterArn, key });
  }

  /** The YAML itself, as an environment variable: 3072 bytes at most, since all variables of a function have 4 KB together. */
  static inline(yaml: string): GatePlan {
    if (!Token.isUnresolved(yaml)) {
      const size = Buffer.byteLength(yaml);
      if (size > INLINE_LIMIT) {
        throw new Error(
          `the inline plan has ${size} bytes, and an environment variable has room for ${INLINE_LIMIT}: use GatePlan.bundled, fromBucket or fromParameter`,
        );
      }
      if (!yaml.includes('\n')) {
        throw new Error(
          `the inline plan is one line, ${JSON.stringify(yaml)}, and would be taken for a path: use GatePlan.fromFile for a file, fromBucket or fromParameter for a plan in AWS`,
        );
      }
    }
    return new Located(yaml);
  }

  /** A file's YAML, read when the app is synthesized, as {@link GatePlan.inline}. */
  static fromFile(path: string): GatePlan {
    if (!existsSync(path)) {
      throw new Error(`there is no plan at ${path} (from ${process.cwd()})`);
    }
    return GatePlan.inline(readFileSync(path, 'utf8'));
  }

  /** @internal */
  abstract bind(): GatePlanConfig;
}

/** Something that is read from one place in AWS. */
export interface Reading {
  readonly feature: Feature;
  /** The one ARN that it is read from. */
  readonly resource: string;
  /** The key of one's own that it is encrypted under. */
  readonly key?: IKey;
}

/** The statements that reading takes: of the one place, and of the one key. */
export function reading({ feature, resource, key }: Reading): PolicyStatement[] {
  const names = actionsOf(feature).map((a) => ({ name: a.name, optional: a.optional === true }));
  const read = new PolicyStatement({ actions: names.filter((a) => !a.optional).map((a) => a.name), resources: [resource] });
  const decrypt = names.filter((a) => a.name === 'kms:Decrypt').map((a) => a.name);
  return key === undefined ? [read] : [read, new PolicyStatement({ actions: decrypt, resources: [key.keyArn] })];
}

class Located extends GatePlan {
  constructor(
    private readonly location?: string,
    private readonly read?: Reading,
  ) {
    super();
  }

  override bind(): GatePlanConfig {
    return { location: this.location, reading: this.read };
  }
}
