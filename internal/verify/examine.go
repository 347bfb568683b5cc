package verify

import (
	"context"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/templates"
)

// examine has doctor look at an example in which a version was deployed.
func (v *Verification) examine(ctx context.Context, t *Trial, o doctor.Options) error {
	files := &examples{files: templates.SAM()}
	o.Plan = plan.Source{Name: plan.FileName, Text: []byte(files.read(t.Contract.example() + "/" + plan.FileName))}
	if files.err != nil {
		return files.err
	}
	found, err := v.Examine(ctx, o)
	if err != nil {
		return fmt.Errorf("having doctor look at %s: %w", t.Stack, err)
	}
	t.Doctor = &Diagnosis{Passed: found.Count(doctor.Pass), Unread: found.Unread}
	for _, f := range found.Findings {
		if f.Status != doctor.Pass {
			t.Doctor.Others = append(t.Doctor.Others, Ailment{f.Check, f.Status.String(), f.Text})
		}
	}
	v.tell(string(t.Contract), "doctor looked at %d things: %d are as they should be", len(found.Findings), t.Doctor.Passed)
	return nil
}

// Diagnosis is what doctor said of an example.
type Diagnosis struct {
	// Passed is how many things were as they should be; Others are those that weren't.
	Passed int       `json:"passed"`
	Others []Ailment `json:"others,omitempty"`
	Unread []string  `json:"unread,omitempty"`
}

// Ailment is a thing that isn't as it should be, or couldn't be read.
type Ailment struct {
	Check  string `json:"check"`
	Status string `json:"status"` // doctor's word: fail, warn or skip
	Text   string `json:"text"`
}

// failed is the first thing that would make a deployment go wrong; nil where there is none.
func (d *Diagnosis) failed() *Ailment {
	if d == nil {
		return nil
	}
	for i, a := range d.Others {
		if a.Status == doctor.Fail.String() {
			return &d.Others[i]
		}
	}
	return nil
}
