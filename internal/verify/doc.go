// Package verify deploys the full examples of this repository into somebody's AWS account, a good and a bad version under each
// contract, and says whether what came of it is what greenlight takes for granted: how each deployment ended, what the gate said,
// and the facts that AWS doesn't document.
//
// All that it makes are CloudFormation stacks, which carry [Tag], and revisions of their task definitions. [Verification.Run] takes them away again,
// whatever happened; [CleanUp] does where that was interrupted.
package verify
