package verify

import (
	"github.com/greenlight-deploy/greenlight/internal/bundle"
)

// Version is one that is deployed after the first.
type Version string

// The good one must go through. The bad one is healthy, as the load balancer sees it, and wrong: it must be taken back.
const (
	Good Version = "good"
	Bad  Version = "bad"
)

// healthPath is a page of nginx's image that every version has.
const healthPath = "/50x.html"

// serve is the command of a container of nginx's image. The bad one has no front page, which the plans ask for, and is still well at
// healthPath.
func (v Version) serve() []string {
	page := "echo greenlight verifies > /usr/share/nginx/html/index.html"
	if v == Bad {
		page = "rm /usr/share/nginx/html/index.html"
	}
	return []string{"sh", "-c", page + " && exec nginx -g 'daemon off;'"}
}

// appSource is the deployed function's code in the example, and what an apple costs in it.
const (
	appSource = "lambda/app/app.py"
	appPrice  = `"apple": 19.9`
)

// appZip packs the deployed function.
func appZip(source string) ([]byte, error) {
	return bundle.Pack([]bundle.File{{Name: "app.py", Mode: 0o644, Content: []byte(source)}})
}

// app is the deployed function in this version: its price list has another price, or none that anybody could pay.
func (v Version) app(files *examples) ([]byte, error) {
	price := `"apple": 21.5`
	if v == Bad {
		price = `"apple": 0`
	}
	source := files.replaced(appSource, appPrice, price)
	if files.err != nil {
		return nil, files.err
	}
	return appZip(source)
}
