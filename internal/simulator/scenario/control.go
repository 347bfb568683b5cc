package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// control answers requests below /simulator/ at the AWS endpoint: faults are listed, injected and ended while the
// scenario runs, and who sends requests to HTTPS listeners gets what to trust.
func control(sim *simulator.Simulator) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /simulator/faults", func(w http.ResponseWriter, _ *http.Request) { writeFaults(w, sim) })
	mux.HandleFunc("POST /simulator/faults", func(w http.ResponseWriter, r *http.Request) {
		if err := injectAll(sim, r.Body); err != nil {
			http.Error(w, problems(err), http.StatusBadRequest)
			return
		}
		writeFaults(w, sim)
	})
	mux.HandleFunc("DELETE /simulator/faults", func(w http.ResponseWriter, _ *http.Request) {
		sim.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /simulator/ca.pem", func(w http.ResponseWriter, r *http.Request) {
		if sim.CertificateAuthority() == "" {
			http.Error(w, "no listener speaks https", http.StatusNotFound)
			return
		}
		http.ServeFile(w, r, sim.CertificateAuthority())
	})
	return mux
}

// injectAll reads faults as a scenario has them, one or a list, and injects all of them or, where something is wrong
// with one, none.
func injectAll(sim *simulator.Simulator, body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, strictyaml.MaxSize+1))
	if err != nil {
		return fmt.Errorf("reading the faults: %w", err)
	}
	root, err := strictyaml.Parse("faults", text)
	if err != nil {
		return err
	}
	dec := strictyaml.NewDecoder(strictyaml.Names{})
	var faults strictyaml.OneOrMany[fault]
	dec.Decode(root, &faults)
	if err := dec.Err(); err != nil {
		return err
	}
	for i, item := range items(root) {
		if err := sim.CheckFault(faults[i].Fault); err != nil {
			dec.Problem(item, "%s: %s", faults[i].Kind, err)
		}
	}
	if err := dec.Err(); err != nil {
		return err
	}
	for _, f := range faults {
		if err := sim.Inject(f.Fault); err != nil {
			return err
		}
	}
	return nil
}

// items are a list's, or the one that may stand in place of a list.
func items(n strictyaml.Node) []strictyaml.Node {
	if n.IsSequence() {
		return n.Items()
	}
	return []strictyaml.Node{n}
}

// problems shows all that is wrong, each with its place.
func problems(err error) string {
	var list strictyaml.Problems
	if !errors.As(err, &list) {
		return err.Error()
	}
	var lines []string
	for _, p := range list {
		lines = append(lines, p.Error())
		if excerpt := p.Excerpt(); excerpt != "" {
			lines = append(lines, excerpt)
		}
	}
	return strings.Join(lines, "\n")
}

// writeFaults lists what is in force, and what waits for its event.
func writeFaults(w http.ResponseWriter, sim *simulator.Simulator) {
	type line struct {
		Kind    string  `json:"kind"`
		Subject string  `json:"subject,omitempty"`
		By      string  `json:"by,omitempty"`
		Rate    float64 `json:"rate,omitempty"`
		Times   int     `json:"times,omitempty"`
		At      string  `json:"at,omitempty"`
		For     string  `json:"for,omitempty"`
		Begun   bool    `json:"begun"` // false until the event of at
	}
	list := []line{}
	for _, f := range sim.Faults() {
		l := line{Kind: string(f.Kind), Subject: f.Subject, Rate: f.Rate, Times: f.Times, At: f.At, Begun: f.Begun}
		if f.By != 0 {
			l.By = f.By.String()
		}
		if f.For != 0 {
			l.For = f.For.String()
		}
		list = append(list, l)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(list) // a client that has left doesn't matter
}
