package secret

// The IAM actions that fetching takes.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
const (
	actionParameter = "ssm:GetParameter"
	actionSecret    = "secretsmanager:GetSecretValue"
	actionDecrypt   = "kms:Decrypt"
)

// An Action is an IAM action that fetching a secret calls.
type Action struct {
	// Name is IAM's, such as "ssm:GetParameter".
	Name string
	// Resource is the pattern of the ARNs that it is called for, with PARTITION, REGION, ACCOUNT and NAME where theirs belong.
	// A parameter's name begins with its slash, and a secret's is followed by six characters of the service's.
	Resource string
	// Why says what is read by it.
	Why string
	// Scheme is that of the sources that take it.
	Scheme string
	// Optional says that only some of them do.
	Optional bool
}

// Actions are all that this package calls, or that are called for it.
func Actions() []Action {
	const key = "arn:PARTITION:kms:REGION:ACCOUNT:key/NAME"
	return []Action{
		{actionParameter, "arn:PARTITION:ssm:REGION:ACCOUNT:parameterNAME", "a parameter", fromSSM, false},
		{actionDecrypt, key, "a SecureString under a key of your own", fromSSM, true},
		{actionSecret, "arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-??????", "a secret", fromSecretsManager, false},
		{actionDecrypt, key, "a secret under a key of your own", fromSecretsManager, true},
	}
}
