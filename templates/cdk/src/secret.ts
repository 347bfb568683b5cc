import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IParameter } from 'aws-cdk-lib/aws-ssm';
import type { Reading } from './plan.js';

/**
 * A secret that the plan names, as `ssm:/shop/token` or `secretsmanager:shop/token`. The function's role may read this one and no
 * other.
 *
 * @see https://github.com/greenlight-deploy/greenlight/blob/main/docs/plan.md#secrets
 */
export class GateSecret {
  /**
   * A parameter of the Systems Manager's Parameter Store, for `ssm:` in the plan.
   *
   * @param key the key of one's own that a SecureString is encrypted under; none where it is the account's `aws/ssm`.
   */
  static fromParameter(parameter: IParameter, key?: IKey): GateSecret {
    return new GateSecret({ feature: 'secret-ssm', resource: parameter.parameterArn, key });
  }

  /** A secret of the Secrets Manager, for `secretsmanager:` in the plan, with the key of its own where it has one. */
  static fromSecret(secret: ISecret): GateSecret {
    // What is known by its name alone has an ARN without the six characters that the service adds.
    const resource = secret.secretFullArn ?? `${secret.secretArn}-??????`;
    return new GateSecret({ feature: 'secret-secretsmanager', resource, key: secret.encryptionKey });
  }

  /** @internal */
  readonly reading: Reading;

  private constructor(reading: Reading) {
    this.reading = reading;
  }
}
