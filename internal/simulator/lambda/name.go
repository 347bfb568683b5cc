package lambda

import (
	"fmt"
	"strings"
)

// latest is the version that can be changed, and that an unqualified name means.
const latest = "$LATEST"

// splitName takes the function's name and the qualifier out of a name, a full or a partial
// ARN, each with or without a qualifier:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-FunctionName.
// The qualifier is empty where there is none.
func splitName(full string) (name, qualifier string) {
	name = full
	if _, rest, isARN := strings.Cut(":"+full, ":function:"); isARN {
		name = rest
	}
	name, qualifier, _ = strings.Cut(name, ":")
	return name, qualifier
}

// ARN is the full form of a function's name, which may have a qualifier.
func (s *Service) ARN(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.config.Region, s.config.AccountID, name)
}

// qualify is a name with its qualifier, where there is one.
func qualify(name, qualifier string) string {
	if qualifier == "" {
		return name
	}
	return name + ":" + qualifier
}

func isNumber(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
