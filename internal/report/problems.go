package report

import (
	"errors"
	"fmt"
	"io"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Problems writes all that is wrong with a file: each problem on its line, with the line of the file and a caret.
func Problems(out io.Writer, err error, style Style) {
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		_, _ = fmt.Fprintln(out, clean(err.Error()))
		return
	}
	t := Terminal{style: style}
	for _, p := range problems {
		_, _ = fmt.Fprintf(out, "%s: %s\n", t.paint(dim, clean(p.String())), t.paint(red, clean(p.Message)))
		if excerpt := p.Excerpt(); excerpt != "" {
			_, _ = fmt.Fprintln(out, excerpt)
		}
	}
}
