package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/bundle"
)

// lineup is what is measured.
type lineup struct {
	greenlight, least contender
	rivals            []contender // the classic recipe and what the command line adds
}

// contender is a bootstrap in the circumstances that it is measured in.
type contender struct {
	bootstrap
	label string
	hook  bool // it reports to CodeDeploy
	// settings are added to its environment. A contender that has any is a variant: it shows what a part of the start
	// costs, and is given no event.
	settings []string
}

func (o options) lineup(ctx context.Context, folder string) (lineup, error) {
	greenlight, err := o.subject(ctx, folder)
	if err != nil {
		return lineup{}, err
	}
	least, err := build(ctx, "least", "bench/least", folder)
	if err != nil {
		return lineup{}, err
	}
	classic, err := build(ctx, "classic", "bench/classic", folder)
	if err != nil {
		return lineup{}, err
	}
	l := lineup{
		greenlight: contender{bootstrap: greenlight, label: "greenlight", hook: true},
		least:      contender{bootstrap: least, label: "the least program"},
		rivals:     []contender{{bootstrap: classic, label: "the classic recipe in Go", hook: true}},
	}
	for _, b := range o.others {
		l.rivals = append(l.rivals, contender{bootstrap: b, label: b.name, hook: true})
	}
	return l, nil
}

// subject is the greenlight that is measured.
func (o options) subject(ctx context.Context, folder string) (bootstrap, error) {
	const name = "greenlight"
	if o.greenlight == "" {
		path := filepath.Join(folder, name, "bootstrap")
		return bootstrap{name: name, path: path}, bundle.Build(ctx, runtime.GOARCH, "bench", path)
	}
	return bootstrapAt(name, o.greenlight)
}

// unconnected is greenlight where CodeDeploy refuses the connections that it opens before its first /next: what
// remains is the start without them.
func (l lineup) unconnected() contender {
	c := l.greenlight
	c.label += ", CodeDeploy out of reach"
	c.settings = []string{"AWS_ENDPOINT_URL_CODEDEPLOY=https://localhost:1"}
	return c
}

// connected is the least program where it opens the same connections.
func (l lineup) connected() contender {
	c := l.least
	c.label += ", with the same connections"
	c.settings = []string{"OPEN_CONNECTIONS=2"}
	return c
}

// hooks are those that can be given an event.
func (l lineup) hooks() []contender { return append([]contender{l.greenlight}, l.rivals...) }

// bootstraps is a flag's list of name=path.
type bootstraps []bootstrap

func (b *bootstraps) String() string {
	list := make([]string, len(*b))
	for i, one := range *b {
		list[i] = one.name + "=" + one.path
	}
	return strings.Join(list, " ")
}

// Set adds one.
func (b *bootstraps) Set(value string) error {
	name, path, ok := strings.Cut(value, "=")
	if !ok || name == "" || path == "" || strings.ContainsAny(name, "/ ") {
		return fmt.Errorf("%q is not name=path, such as mine=dist/bootstrap", value)
	}
	one, err := bootstrapAt(name, path)
	if err != nil {
		return err
	}
	*b = append(*b, one)
	return nil
}

// bootstrapAt finds an executable. A bootstrap runs in its own folder, where a relative path would lead elsewhere.
func bootstrapAt(name, path string) (bootstrap, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return bootstrap{}, fmt.Errorf("finding %s: %w", path, err)
	}
	if _, err := os.Stat(absolute); err != nil {
		return bootstrap{}, fmt.Errorf("finding the bootstrap %s: %w", name, err)
	}
	return bootstrap{name: name, path: absolute}, nil
}
