package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/smithy-go"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// storedSecret is what AWS says of a secret. Its value is never read here.
type storedSecret struct {
	// arn is IAM's resource.
	arn string
	// key is the KMS key's id, ARN or alias; empty for none and for the service's own.
	key string
	// going says that it is scheduled for deletion.
	going bool
}

// encryptionKey is what KMS says of a key.
type encryptionKey struct {
	arn string
	// managed says that it is AWS's: whoever may read a secret under it may decrypt it.
	managed bool
	// state is KMS's word.
	//
	// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
	state string
}

const enabledKey = "Enabled"

// secretReading is what could be read of a secret, and of the key that it is encrypted under, if that isn't AWS's.
type secretReading struct {
	secret reading[storedSecret]
	key    *reading[encryptionKey]
}

// secretSource is where a secret of AWS's lies, without the key of its JSON.
type secretSource struct{ service, name string }

const (
	parameterStore = "ssm"
	secretsManager = "secretsmanager"
)

// readSource gives where a secret lies, unless that is outside of AWS.
func readSource(source secret.Source, lookup strictyaml.Lookup) (secretSource, bool) {
	service, name, err := source.Place(lookup)
	return secretSource{service, name}, err == nil && (service == parameterStore || service == secretsManager)
}

func (s secretSource) String() string { return s.service + ":" + s.name }

// parameter is the name of a parameter without its version or label.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
func (s secretSource) parameter() string {
	if parsed, err := arn.Parse(s.name); err == nil {
		name := strings.TrimPrefix(parsed.Resource, "parameter/")
		if name, _, _ = strings.Cut(name, ":"); strings.Contains(name, "/") {
			return "/" + name // the slash of a path is the one after "parameter"
		}
		return name
	}
	name, _, _ := strings.Cut(s.name, ":")
	return name
}

// elsewhere says that it isn't among the account's own in the region: it is of another, or one of AWS's, which no list shows.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
func (s secretSource) elsewhere(region, account string) bool {
	if s.service == parameterStore && strings.HasPrefix(s.parameter(), "/aws/") {
		return true
	}
	parsed, err := arn.Parse(s.name)
	return err == nil && (parsed.Region != region || account != "" && parsed.AccountID != account)
}

// secretsOf are the secrets of AWS's that the function fetches for the stages at which it is called, as far as its plan is known.
func (x *examination) secretsOf(f *function) []secretSource {
	p := f.plan.plan
	if p == nil {
		return nil
	}
	var all []secretSource
	asked := f.asked(p)
	for _, stage := range slices.Sorted(maps.Keys(asked)) {
		for _, wanted := range asked[stage].Secrets {
			var unknown []string
			if s, inAWS := readSource(wanted.Source, x.place(f).lookup(&unknown)); inAWS && len(unknown) == 0 && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// readSecrets reads what there is to know of all functions' secrets, and of parameters that are plans, besides their values.
func (x *examination) readSecrets(ctx context.Context) {
	x.secrets = map[secretSource]*secretReading{}
	var work []func()
	for _, f := range x.functions {
		sources := x.secretsOf(f)
		if parameter, is := f.planParameter(); is {
			sources = append(sources, parameter)
		}
		for _, s := range sources {
			if x.secrets[s] != nil || s.elsewhere(x.region, x.account()) {
				continue
			}
			read := &secretReading{}
			x.secrets[s] = read
			work = append(work, func() { x.readSecret(ctx, s, read) })
		}
	}
	sideBySide(work...)
}

func (x *examination) readSecret(ctx context.Context, s secretSource, read *secretReading) {
	if s.service == parameterStore {
		read.secret = readingOf(ctx, "ssm:DescribeParameters", x.describeParameter, s.parameter())
	} else {
		read.secret = readingOf(ctx, "secretsmanager:DescribeSecret", x.describeSecret, s.name)
	}
	if key := read.secret.of.key; read.secret.got() && key != "" && !strings.Contains(key, managedAlias) {
		of := readingOf(ctx, "kms:DescribeKey", x.describeKey, key)
		read.key = &of
	}
}

// managedAlias begins the aliases of keys that AWS manages.
const managedAlias = "alias/aws/"

// describeParameter finds a parameter by its name. A page may be empty and yet not the last.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func describeParameter(c *awscall.Client) call[string, storedSecret] {
	type filter struct {
		Key    string
		Values []string
	}
	type input struct {
		ParameterFilters []filter
		NextToken        *string `json:",omitempty"`
	}
	type parameter struct {
		Name, ARN string
		KeyID     string `json:"KeyId"`
	}
	return func(ctx context.Context, name string) (storedSecret, error) {
		named, err := everyPage(func(token *string) (page[parameter], error) {
			var out struct {
				Parameters []parameter
				NextToken  *string
			}
			err := c.Call(ctx, "DescribeParameters", input{[]filter{{"Name", []string{name}}}, token}, &out)
			return byToken(out.Parameters, out.NextToken), err
		})
		if err != nil {
			return storedSecret{}, err
		}
		i := slices.IndexFunc(named, func(p parameter) bool { return p.Name == name })
		if i < 0 {
			return storedSecret{}, &smithy.GenericAPIError{Code: "ParameterNotFound"}
		}
		return storedSecret{arn: named[i].ARN, key: named[i].KeyID}, nil
	}
}

// describeSecret finds a secret by its name or ARN.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
func describeSecret(c *awscall.Client) call[string, storedSecret] {
	return func(ctx context.Context, id string) (storedSecret, error) {
		var out struct {
			ARN         string
			KeyID       string `json:"KmsKeyId"`
			DeletedDate any
		}
		in := map[string]string{"SecretId": id}
		err := c.Call(ctx, "DescribeSecret", in, &out)
		return storedSecret{arn: out.ARN, key: out.KeyID, going: out.DeletedDate != nil}, err
	}
}

// describeKey finds a key by its id, ARN or alias.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
func describeKey(c *awscall.Client) call[string, encryptionKey] {
	return func(ctx context.Context, id string) (encryptionKey, error) {
		var out struct {
			KeyMetadata struct{ Arn, KeyManager, KeyState string }
		}
		in := map[string]string{"KeyId": id}
		err := c.Call(ctx, "DescribeKey", in, &out)
		return encryptionKey{arn: out.KeyMetadata.Arn, managed: out.KeyMetadata.KeyManager == "AWS", state: out.KeyMetadata.KeyState}, err
	}
}

// kms is asked for one operation.
//
// https://docs.aws.amazon.com/general/latest/gr/kms.html
var kms = awscall.Service{ID: "KMS", Name: "kms", Target: "TrentService"}

// secretNeeds are what fetching a secret takes, as far as its resources are known, and what says that in a sentence. The ARN of one in
// Secrets Manager ends in characters that its name doesn't have.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
func (x *examination) secretNeeds(s secretSource, what string) []checkNeed {
	read := x.secrets[s]
	grant := s.fetch(Place{Region: x.region, Account: x.account()})
	known := s.service == parameterStore || arn.IsARN(s.name)
	if read != nil && read.secret.of.arn != "" {
		grant.Resource, known = read.secret.of.arn, true
	}
	var needs []checkNeed
	if known {
		needs = append(needs, checkNeed{Action: Action{Name: grant.Action, Resource: grant.Resource}, exact: true, what: what})
	}
	if read != nil && read.key != nil && read.key.got() && !read.key.of.managed {
		needs = append(needs, checkNeed{Action: Action{Name: "kms:Decrypt", Resource: read.key.of.arn}, exact: true, what: what, unsure: true})
	}
	return needs
}

// fetch is what fetching it takes, at a place. The resource of a secret in Secrets Manager that is given by its name is a pattern.
func (s secretSource) fetch(at Place) Grant {
	name := s.name
	if s.service == parameterStore {
		name = "/" + strings.TrimPrefix(s.parameter(), "/")
	}
	actions := secret.Actions()
	i := slices.IndexFunc(actions, func(a secret.Action) bool { return a.Scheme == s.service && !a.Optional })
	if parsed, err := arn.Parse(s.name); err == nil {
		if s.service == parameterStore {
			parsed.Resource = "parameter" + name // without a version
		}
		return Grant{actions[i].Name, parsed.String()}
	}
	return Grant{actions[i].Name, at.resource(actions[i].Resource, "NAME", name)}
}

// judgeSecrets judges whether there are the secrets that the plan names, and whether they can be decrypted.
func (x *examination) judgeSecrets(a *area, f *function) {
	const check = "plan-secrets"
	usable := 0
	for _, s := range x.secretsOf(f) {
		if x.judgeStored(a, s, stored{check, "the plan's secret " + s.String(), s.create(), withoutSecret}) {
			usable++
		}
	}
	if usable > 0 {
		a.pass(check, "what the plan names is there: %s", quantity(usable, "secret"))
	}
}

// stored is how a check speaks of what lies in the Parameter Store or Secrets Manager: what creates it, and what comes of its absence.
type stored struct{ check, what, create, effect string }

// judgeStored tells of what isn't there or can't be decrypted, and says whether it is there and can be.
func (x *examination) judgeStored(a *area, s secretSource, told stored) bool {
	read := x.secrets[s]
	switch {
	case read == nil:
	case notThere(read.secret.err):
		a.fail(told.check, told.create, "%s doesn't exist in %s: %s", told.what, x.region, told.effect)
	case !read.secret.got():
		a.skip(told.check, told.what, read.secret.err)
	case read.secret.of.going:
		a.fail(told.check, "aws secretsmanager restore-secret --secret-id "+quoted(s.name), "%s is scheduled for deletion, and can't be read: %s", told.what, told.effect)
	case read.key == nil || read.key.got() && read.key.of.state == enabledKey:
		return true
	case notThere(read.key.err):
		a.fail(told.check, "put it again, under a key that exists", "%s is encrypted under the key %s, which doesn't exist: %s", told.what, read.secret.of.key, told.effect)
	case !read.key.got():
		a.skip(told.check, "the key of "+told.what, read.key.err)
	default:
		a.fail(told.check, read.key.of.enable(), "%s is encrypted under the key %s, whose state is %s: %s", told.what, read.key.of.arn, read.key.of.state, told.effect)
	}
	return false
}

// withoutSecret is what comes of it: the secrets that a stage's checks name are fetched before anything is asked of green.
const withoutSecret = "each stage whose checks name it fails before green is asked"

// create makes the secret that isn't there.
func (s secretSource) create() string {
	if arn.IsARN(s.name) && s.service == secretsManager {
		return "give the plan the ARN of one that is there: aws secretsmanager list-secrets --query 'SecretList[].ARN'"
	}
	if s.service == parameterStore {
		return "aws ssm put-parameter --type SecureString --name " + quoted(s.parameter()) + " --value file://secret.txt"
	}
	return "aws secretsmanager create-secret --name " + quoted(s.name) + " --secret-string file://secret.txt"
}

// enable makes the key one that decrypts, where a command can.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-scheduling-key-deletion.html
func (k encryptionKey) enable() string {
	id := " --key-id " + quoted(k.arn)
	switch k.state {
	case "Disabled":
		return "aws kms enable-key" + id
	case "PendingDeletion":
		return "aws kms cancel-key-deletion" + id + ", then aws kms enable-key" + id
	}
	return "aws kms describe-key" + id + " shows what it waits for"
}
