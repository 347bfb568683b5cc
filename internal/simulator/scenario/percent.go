package scenario

import (
	"math"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// percent is a share of a hundred: 12.5, or 12.5%.
type percent float64

// DecodeNode reads a number, with or without its sign.
func (p *percent) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	if !n.IsScalar() {
		d.Mismatch(n, "a percentage such as 10%")
		return
	}
	n, ok := d.Static(n)
	if !ok {
		return
	}
	number, err := strconv.ParseFloat(strings.TrimSuffix(n.Text(), "%"), 64)
	if err != nil || math.IsNaN(number) || number < 0 || number > 100 {
		d.Problem(n, "%q is not a percentage: write one from 0 to 100, such as 10%%", n.Text())
		return
	}
	*p = percent(number)
}
