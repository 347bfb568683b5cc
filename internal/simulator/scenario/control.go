package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

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
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeFaults(w, sim)
	})
	mux.HandleFunc("DELETE /simulator/faults", func(w http.ResponseWriter, _ *http.Request) {
		if err := sim.ClearFaults(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
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

// injectAll reads faults as a scenario has them: one, or a list.
func injectAll(sim *simulator.Simulator, body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, strictyaml.MaxSize))
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
	var errs []error
	for _, f := range faults {
		errs = append(errs, sim.Inject(f.Fault))
	}
	return errors.Join(errs...)
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
	}
	list := []line{}
	for _, f := range sim.InForce() {
		l := line{Kind: string(f.Kind), Subject: f.Subject, Rate: f.Rate, Times: f.Times, At: f.At}
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
