package planstore

// The IAM actions that reading plans takes.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
const (
	actionObject    = "s3:GetObject"
	actionList      = "s3:ListBucket"
	actionParameter = "ssm:GetParameter"
	actionDecrypt   = "kms:Decrypt"
)

// An Action is an IAM action that reading a plan calls.
type Action struct {
	// Name is IAM's, such as "s3:GetObject".
	Name string
	// Resource is the pattern of the ARNs that it is called for, with PARTITION, REGION, ACCOUNT, BUCKET, KEY and NAME where theirs
	// belong. A parameter's name begins with its slash.
	Resource string
	// Why says what is read by it.
	Why string
	// Scheme is how the plan's place begins: "s3" or "ssm".
	Scheme string
	// Optional says that plans are read without it.
	Optional bool
}

// Actions are all that this package calls, or that are called for it.
func Actions() []Action {
	const key = "arn:PARTITION:kms:REGION:ACCOUNT:key/NAME"
	return []Action{
		{actionObject, "arn:PARTITION:s3:::BUCKET/KEY", "the plan, and what it includes", "s3", false},
		{actionList, "arn:PARTITION:s3:::BUCKET", "that an object isn't there, and not forbidden", "s3", true},
		{actionDecrypt, key, "an object that is encrypted under a key of your own", "s3", true},
		{actionParameter, "arn:PARTITION:ssm:REGION:ACCOUNT:parameterNAME", "the plan, and what it includes", "ssm", false},
		{actionDecrypt, key, "a SecureString under a key of your own", "ssm", true},
	}
}
