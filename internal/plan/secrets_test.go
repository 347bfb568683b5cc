package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

const withSecrets = `version: 1
vars: {env: test}
secrets:
  token: "ssm:/shop/{{ vars.env }}/token"
  tok: env:TOK
  key: secretsmanager:shop/test#key
  who: file:who
  other: env:OTHER
identity: {http: GET /version, expect: {body: "{{ secrets.who }}"}}
stages:
  AfterInstall:
    checks: [{http: "GET /{{ secrets.token }}"}]
  AfterAllowTestTraffic:
    checks:
      - {http: GET /, expect: {assert: "secrets.key == body"}}
      - include: {file: a.yaml, with: {t: "{{secrets.tok}}"}}
  AfterAllowTraffic:
    checks: [{http: GET /secrets.token}]
`

func TestAStageNeedsTheSecretsThatItNames(t *testing.T) {
	p, err := (&files{texts: map[string]string{"plan.yaml": withSecrets, "a.yaml": "version: 1\nvars: {t: }\nchecks: [http: 'GET /{{ vars.t }}']\n"}}).parsed()
	if err != nil {
		t.Fatal(problems(err))
	}
	for stage, want := range map[lifecycle.Stage][]string{
		lifecycle.AfterInstall:          {"token ssm:/shop/test/token"},
		lifecycle.AfterAllowTestTraffic: {"tok env:TOK", "key secretsmanager:shop/test#key", "who file:who"},
		lifecycle.AfterAllowTraffic:     {"token ssm:/shop/test/token", "who file:who"}, // a text that looks like a name
	} {
		var got []string
		for _, s := range p.Stage(stage).Secrets {
			got = append(got, s.Name+" "+s.Source.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", stage, diff)
		}
	}
}

func TestAnotherPlaceOfASecretIsAnotherPlan(t *testing.T) {
	fingerprint := func(source string) string {
		p, err := parse("version: 1\nsecrets: {a: " + source + ", b: env:B}\nchecks: [http: 'GET /{{ secrets.a }}']\n")
		if err != nil {
			t.Fatal(problems(err))
		}
		return p.Anywhere().Fingerprint
	}
	if fingerprint("env:A") == fingerprint("env:C") || fingerprint("env:A") != fingerprint("'env:A'") {
		t.Error("the fingerprint doesn't go by what the secret's place is")
	}
}

func TestSecretsAreRefusedThatCantBe(t *testing.T) {
	for _, tt := range []struct{ why, plan, want string }{
		{"a secret itself", "secrets: {token: hunter2}", `plan.yaml:2:18: token: expected where the secret lies (ssm:NAME, secretsmanager:NAME#KEY, env:NAME or file:PATH), found a text; a secret itself doesn't stand in a plan`},
		{"a list", "secrets: [env:X]", "plan.yaml:2:10: secrets: expected a mapping of names to where each lies, such as {token: ssm:/shop/token}, found a list"},
		{"a name that can't be written", "secrets: {a b: env:X}", `plan.yaml:2:11: secrets: "a b" can't stand in {{ }}`},
		{"a name with a dot", "secrets: {a.b: env:X}", `secrets: "a.b" can't stand in {{ }}`},
		{"no name", "secrets: {1: env:X}", `secrets: "1" can't stand in {{ }}`},
		{"a secret in a secret's place", "secrets: {a: env:X, b: 'ssm:/{{ secrets.a }}'}", `plan.yaml:2:30: b: unknown name "secrets.a"`},
		{"an unknown one", "secrets: {token: env:X}\nchecks: [http: 'GET /{{ secrets.tokn }}']", `plan.yaml:3:22: http: unknown name "secrets.tokn": did you mean "secrets.token"?`},
		{"one where there are none", "checks: [http: 'GET /{{ secrets.token }}']", `plan.yaml:2:22: http: unknown name "secrets.token"`},
		{"where green is", "secrets: {a: env:X}\ngreen: 'http://{{ secrets.a }}'", "plan.yaml:3:8: green: an address can't be made of a secret: it stands in reports"},
		{"in a check's name", "secrets: {a: env:X}\nchecks: [{name: 'x {{ secrets.a }}', http: GET /}]", "{{ secrets.a }} is known only when a check runs"},
		{"in a variable", "secrets: {a: env:X}\nvars: {x: '{{ secrets.a }}'}", `unknown name "secrets.a"`},
	} {
		text := "version: 1\n" + tt.plan + "\n"
		if !strings.Contains(tt.plan, "checks") {
			text += "checks: [http: GET /]\n"
		}
		_, err := parse(text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.why, err, tt.want)
		}
	}
}
