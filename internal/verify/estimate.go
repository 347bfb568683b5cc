package verify

import (
	"fmt"
	"slices"
	"time"
)

// Item is a part of the cost. Prices are AWS's list prices of us-east-1, in dollars, from when this was written.
type Item struct {
	What string
	// Count is how many there are, PerHour what one of them costs.
	Count   int
	PerHour float64
}

// Expected is how long it may take, by the times that AWS tells for load balancers and network interfaces to come and go: nobody has measured it
// yet. AtMost is a run in which most of the waits are long.
const (
	Expected = 45 * time.Minute
	AtMost   = 4 * time.Hour
)

// Cost is that of an item for as long as it is there.
func (i Item) Cost(d time.Duration) float64 { return float64(i.Count) * i.PerHour * d.Hours() }

// Estimate is what a verification costs while it lasts.
//
// https://aws.amazon.com/vpc/pricing/
// https://aws.amazon.com/elasticloadbalancing/pricing/
// https://aws.amazon.com/fargate/pricing/
// https://aws.amazon.com/cloudwatch/pricing/
func Estimate(contracts []Contract, ownNetwork bool) []Item {
	services := 0
	for _, c := range contracts {
		if c.needsNetwork() {
			services++
		}
	}
	gateways := 0
	if ownNetwork && services > 0 {
		gateways = 1
	}
	items := []Item{
		{"NAT gateway, with its address", gateways, 0.050},
		{"Application Load Balancer", services, 0.0225 + 0.008}, // and one unit of what it carries
		{"task on Fargate (¼ vCPU, ½ GB)", 2 * services, 0.01234},
		{"metric of an alarm", 5*len(contracts) + services, 0.10 / 730}, // four of the gate's, and two of a service or one of a function
		{"function, its log, the bucket", len(contracts), 0.001},
	}
	return slices.DeleteFunc(items, func(i Item) bool { return i.Count == 0 })
}

// Total is the cost of all items, in dollars and cents, rounded up.
func Total(items []Item, d time.Duration) string {
	sum := 0.0
	for _, i := range items {
		sum += i.Cost(d)
	}
	return fmt.Sprintf("$%.2f", sum+0.005)
}
