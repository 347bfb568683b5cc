package lambda

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// configuration is FunctionConfiguration:
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html.
type configuration struct {
	FunctionName, FunctionArn string
	Runtime, Handler, Role    string
	Description, Version      string
	Timeout, MemorySize       int // seconds, MB
	CodeSize                  int64
	CodeSha256                string
	LastModified              string
	RevisionID                string `json:"RevisionId"`
	State, LastUpdateStatus   string
	PackageType               string
	Environment               *environmentBody `json:",omitempty"`
	TracingConfig             map[string]string
	LoggingConfig             map[string]string
	EphemeralStorage          map[string]int
	Architectures             []string
}

type environmentBody struct{ Variables map[string]string }

// configuration writes a version as Lambda does. qualified says whether the ARN has to name
// the version, which it does but for the $LATEST of an unqualified name.
func (s *Service) configuration(v Version, qualified bool) configuration {
	fn := v.Function
	c := configuration{
		FunctionName: fn.Name, FunctionArn: s.ARN(fn.Name), Version: v.Number,
		Runtime: fn.Runtime, Handler: fn.Handler, Description: v.Description,
		Role:    fmt.Sprintf("arn:aws:iam::%s:role/simulated-execution-role", s.config.AccountID),
		Timeout: int((fn.Timeout + time.Second - 1) / time.Second), MemorySize: fn.MemoryMB,
		CodeSize: v.CodeSize, CodeSha256: v.CodeSHA256, RevisionID: v.Revision,
		LastModified: v.Modified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		State:        "Active", LastUpdateStatus: "Successful", PackageType: "Zip",
		TracingConfig:    map[string]string{"Mode": "PassThrough"},
		LoggingConfig:    map[string]string{"LogFormat": "Text", "LogGroup": "/aws/lambda/" + fn.Name},
		EphemeralStorage: map[string]int{"Size": 512},
		Architectures:    []string{architecture()},
	}
	if fn.made != nil {
		c.Role = cmp.Or(fn.made.role, c.Role)
	}
	if qualified {
		c.FunctionArn = s.ARN(qualify(fn.Name, v.Number))
	}
	if len(fn.Env) > 0 {
		c.Environment = &environmentBody{fn.Env}
	}
	return c
}

// asked is the version that a request is about, as it is to be shown.
func (s *Service) asked(r *http.Request) (Version, configuration, error) {
	name, err := named(r)
	if err != nil {
		return Version{}, configuration{}, err
	}
	v, err := s.Version(name)
	if err != nil {
		return Version{}, configuration{}, err
	}
	_, qualifier := splitName(name)
	return v, s.configuration(v, qualifier != ""), nil
}

// getFunction is https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html.
func (s *Service) getFunction(r *http.Request) (reply, error) {
	v, c, err := s.asked(r)
	if err != nil {
		return reply{}, err
	}
	location := v.Function.RIE + v.Function.Webhook
	if len(v.Function.Command) > 0 {
		location = "file://" + v.Function.Command[0]
	}
	tags := map[string]string{}
	if v.Function.made != nil {
		maps.Copy(tags, v.Function.made.tags)
	}
	return reply{status: http.StatusOK, body: map[string]any{
		"Configuration": c,
		"Code":          map[string]string{"RepositoryType": "S3", "Location": location},
		"Tags":          tags,
	}}, nil
}

// getFunctionConfiguration is
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html.
func (s *Service) getFunctionConfiguration(r *http.Request) (reply, error) {
	_, c, err := s.asked(r)
	return reply{status: http.StatusOK, body: c}, err
}

// listFunctions is https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html.
func (s *Service) listFunctions(r *http.Request) (reply, error) {
	all := s.Functions()
	switch version := r.URL.Query().Get("FunctionVersion"); version {
	case "":
		return s.listed(r, "Functions", all, false)
	case "ALL":
		var every []Version
		for _, v := range all {
			versions, err := s.Versions(v.Function.Name)
			if err != nil {
				return reply{}, err
			}
			every = append(every, versions...)
		}
		return s.listed(r, "Functions", every, true)
	default:
		return reply{}, enumError(version, "functionVersion", "[ALL]")
	}
}

// publishVersion is https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html.
func (s *Service) publishVersion(r *http.Request) (reply, error) {
	var asked struct{ CodeSha256, Description, RevisionID string }
	if err := readJSON(r, &asked); err != nil {
		return reply{}, err
	}
	name := r.PathValue("name")
	current, err := s.Version(baseName(name))
	if err != nil {
		return reply{}, err
	}
	if asked.CodeSha256 != "" && asked.CodeSha256 != current.CodeSHA256 {
		return reply{}, &APIError{
			"InvalidParameterValueException",
			fmt.Sprintf("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", asked.CodeSha256, current.CodeSHA256),
		}
	}
	if asked.RevisionID != "" && asked.RevisionID != current.Revision {
		return reply{}, &APIError{"PreconditionFailedException", staleRevision}
	}
	v, err := s.Publish(name, asked.Description)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, body: s.configuration(v, true)}, nil
}

// listVersionsByFunction is
// https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html.
func (s *Service) listVersionsByFunction(r *http.Request) (reply, error) {
	versions, err := s.Versions(r.PathValue("name"))
	if err != nil {
		return reply{}, err
	}
	return s.listed(r, "Versions", versions, true)
}

func (s *Service) listed(r *http.Request, member string, versions []Version, qualified bool) (reply, error) {
	shown, next, err := page(r, versions)
	if err != nil {
		return reply{}, err
	}
	list := make([]configuration, len(shown))
	for i, v := range shown {
		list[i] = s.configuration(v, qualified)
	}
	return pageReply(member, list, next), nil
}

func baseName(name string) string {
	base, _ := splitName(name)
	return base
}
