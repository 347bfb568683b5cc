package cloud

import (
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/doctor"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// Examine has doctor read the account as it reads any: with the SDK's clients, over HTTP. The plan in o may be empty.
func (a *Account) Examine(o doctor.Options) doctor.Report {
	a.t.Helper()
	o.Parse = plan.Language{Kinds: registry.Kinds(registry.Environment{})}.Parse
	report, err := doctor.Examine(a.t.Context(), doctor.NewClients(a.AWS()), o)
	if err != nil {
		a.t.Fatal(err)
	}
	return report
}
