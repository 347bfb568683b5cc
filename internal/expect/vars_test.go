package expect_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/expect"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// A file that is included may be given a variable whose own names are known only when the check runs.
func TestAVariableMayHoldANameThatIsKnownLater(t *testing.T) {
	decodeOne := func(names strictyaml.Names, text string, dst any) {
		t.Helper()
		n, err := strictyaml.Parse("plan.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		d := strictyaml.NewDecoder(names)
		if d.Decode(n, dst); d.Err() != nil {
			t.Fatal(d.Err())
		}
	}
	var given strictyaml.Text
	decodeOne(strictyaml.Names{Later: []string{"stage"}}, "'at {{ stage }}'", &given)
	var assert expect.Assert
	decodeOne(strictyaml.Names{Static: map[string]any{"vars": map[string]any{"x": given, "n": int64(1)}}}, `vars.x == body.x && vars.n == 1`, &assert)
	for stage, want := range map[string]string{"B": "", "C": `vars.x is "at C"`} {
		all, err := assert.Judge(t.Context(), answer(t, `{"x": "at B"}`), func(string) (any, error) { return stage, nil })
		if err != nil || (len(all) == 0) != (want == "") || len(all) > 0 && !strings.Contains(all[0].String(), want) {
			t.Errorf("at %s: %v (%v), want %s", stage, all, err, want)
		}
	}
	if _, err := assert.Judge(t.Context(), answer(t, "{}"), func(string) (any, error) { return nil, errors.New("not known here") }); err == nil || !strings.Contains(err.Error(), "{{ stage }}: not known here") {
		t.Errorf("without a value: %v", err)
	}
	var text strictyaml.Text
	decodeOne(strictyaml.Names{Static: map[string]any{"vars": map[string]any{"x": given}}}, "'[{{ vars.x }}]'", &text)
	if got, err := text.Expand(func(string) (any, error) { return "D", nil }); got != "[at D]" || err != nil {
		t.Errorf("in a text it is %q (%v)", got, err)
	}
}
