package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/smithy-go"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
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
func readSource(source string) (secretSource, bool) {
	service, rest, _ := strings.Cut(source, ":")
	name, _, _ := strings.Cut(rest, "#")
	s := secretSource{service, name}
	return s, (service == parameterStore || service == secretsManager) && name != ""
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
			source, unknown := x.place(f).fillIn(wanted.Source.String())
			if s, inAWS := readSource(source); inAWS && len(unknown) == 0 && !slices.Contains(all, s) {
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

// secretNeeds are what fetching a secret takes, and what in a sentence, as far as its resources are known. The ARN of one in Secrets Manager ends in characters
// that its name doesn't have.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
func (x *examination) secretNeeds(s secretSource, what string) []checkNeed {
	read := x.secrets[s]
	resource := ""
	switch {
	case read != nil && read.secret.of.arn != "":
		resource = read.secret.of.arn
	case s.service == parameterStore || arn.IsARN(s.name):
		resource = s.resource(Place{Region: x.region, Account: x.account()})
	}
	var needs []checkNeed
	if resource != "" {
		needs = append(needs, checkNeed{Action: Action{Name: s.fetch(), Resource: resource}, exact: true, what: what})
	}
	if read != nil && read.key != nil && read.key.got() && !read.key.of.managed {
		needs = append(needs, checkNeed{Action: Action{Name: "kms:Decrypt", Resource: read.key.of.arn}, exact: true, what: what, unsure: true})
	}
	return needs
}

// fetch is the IAM action that fetching it takes.
func (s secretSource) fetch() string {
	if s.service == secretsManager {
		return "secretsmanager:GetSecretValue"
	}
	return "ssm:GetParameter"
}

// resource is the ARN that fetching it is allowed on, at a place. Of a secret in Secrets Manager that is given by its name it is a pattern.
func (s secretSource) resource(at Place) string {
	switch {
	case arn.IsARN(s.name) && s.service == parameterStore:
		before, _, _ := strings.Cut(s.name, ":parameter/")
		return before + ":parameter/" + strings.TrimPrefix(s.parameter(), "/")
	case arn.IsARN(s.name):
		return s.name
	case s.service == parameterStore:
		return at.resource("arn:PARTITION:ssm:REGION:ACCOUNT:parameter/") + strings.TrimPrefix(s.parameter(), "/")
	}
	return at.resource("arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:") + s.name + "-??????"
}

// judgeSecrets judges whether there are the secrets that the plan names, and whether they can be decrypted.
func (x *examination) judgeSecrets(a *area, f *function) {
	const check = "plan-secrets"
	usable := 0
	for _, s := range x.secretsOf(f) {
		read := x.secrets[s]
		switch {
		case read == nil:
		case notThere(read.secret.err):
			a.fail(check, s.create(), "the plan's secret %s doesn't exist in %s: "+withoutSecret, s, x.region)
		case !read.secret.got():
			a.skip(check, "the plan's secret "+s.String(), read.secret.err)
		case read.secret.of.going:
			a.fail(check, "aws secretsmanager restore-secret --secret-id "+quoted(s.name), "the plan's secret %s is scheduled for deletion, and can't be read: "+withoutSecret, s)
		case read.key == nil || read.key.got() && read.key.of.state == enabledKey:
			usable++
		case notThere(read.key.err):
			a.fail(check, "put the secret again, under a key that exists", "the plan's secret %s is encrypted under the key %s, which doesn't exist: "+withoutSecret, s, read.secret.of.key)
		case !read.key.got():
			a.skip(check, "the key of the plan's secret "+s.String(), read.key.err)
		default:
			a.fail(check, read.key.of.enable(), "the plan's secret %s is encrypted under the key %s, whose state is %s: "+withoutSecret, s, read.key.of.arn, read.key.of.state)
		}
	}
	if usable > 0 {
		a.pass(check, "what the plan names is there: %s", quantity(usable, "secret"))
	}
}

// withoutSecret is what comes of it: the secrets that a stage's checks name are fetched before anything is asked of green.
const withoutSecret = "each stage whose checks name it fails before green is asked"

// create makes the secret that isn't there.
func (s secretSource) create() string {
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
