// Command prices is a hook of one's own: the new version of a shop asks the prices that the old one asks. It finds both by the
// deployment that calls it, and proves that the new one is the one that is deployed.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
)

func main() {
	cfg, err := hook.LambdaConfig(os.Getenv)
	if err != nil {
		hook.Start(func(context.Context, hook.Execution) error { return err }) // ECS is answered even now
	}
	hook.Serve(gate{find: newFinder(cfg).find, client: &http.Client{Timeout: 5 * time.Second}}, hook.WithConfig(cfg))
}

// A gate decides by the prices.
type gate struct {
	find   func(context.Context, hook.Execution) (sides, error)
	client *http.Client
}

// Decide gives a reason with a success, too, and the evidence as attributes of the log's last line.
func (g gate) Decide(ctx context.Context, e hook.Execution) hook.Verdict {
	where, err := g.find(ctx, e)
	if err != nil {
		return hook.Verdict{Status: hook.Failed, Reason: fmt.Sprintf("finding green: %v", err)}
	}
	hook.Logger(ctx).Info("found", "green", where.Green, "blue", where.Blue)
	green, err := g.prices(ctx, where.Green)
	if err != nil {
		return hook.Verdict{Status: hook.Failed, Reason: fmt.Sprintf("green's prices: %v", err)}
	}
	blue, err := g.prices(ctx, where.Blue)
	if err != nil {
		return hook.Verdict{Status: hook.Failed, Reason: fmt.Sprintf("blue's prices: %v", err)}
	}
	return compare(green, blue)
}

// A price is what one piece costs, in cents.
type price struct {
	SKU   string `json:"sku"`
	Cents int    `json:"cents"`
}

// compare wants all that blue sells from green, at the same price. What is new in green is nobody's loss.
func compare(green, blue []price) hook.Verdict {
	if len(blue) == 0 {
		return hook.Verdict{Status: hook.Failed, Reason: "blue sells nothing, so that there is nothing to compare with"}
	}
	asked := map[string]int{}
	for _, p := range green {
		asked[p.SKU] = p.Cents
	}
	var first string
	different := []string{} // in the log [], not null
	for _, p := range blue {
		cents, sold := asked[p.SKU]
		switch {
		case !sold:
			first = cmp.Or(first, fmt.Sprintf("green doesn't sell %s", p.SKU))
		case cents != p.Cents:
			first = cmp.Or(first, fmt.Sprintf("green asks %d cents for %s, blue %d", cents, p.SKU, p.Cents))
		default:
			continue
		}
		different = append(different, p.SKU)
	}
	v := hook.Verdict{
		Status: hook.Succeeded, Reason: fmt.Sprintf("green asks what blue asks for all %d products", len(blue)),
		Attrs: []slog.Attr{slog.Int("compared", len(blue)), slog.Any("different", different)},
	}
	if len(different) > 0 {
		v.Status, v.Reason = hook.Failed, fmt.Sprintf("%s (%d of %d products differ)", first, len(different), len(blue))
	}
	return v
}

func (g gate) prices(ctx context.Context, side string) ([]price, error) {
	url := side + "/prices"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: status %d, want 200", url, response.StatusCode)
	}
	var prices []price
	if err := json.NewDecoder(response.Body).Decode(&prices); err != nil {
		return nil, fmt.Errorf("GET %s: %w", url, err)
	}
	return prices, nil
}
