package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/greenlight-deploy/greenlight/internal/report"
)

// style finds out how to write to out: in colour, live and folded to its width on a terminal, as plain lines elsewhere.
//
// https://no-color.org: NO_COLOR, whatever its value, asks for none.
func (a app) style(out io.Writer) report.Style {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return report.Style{}
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		width = 80
	}
	dumb := a.env("TERM") == "dumb"
	return report.Style{Width: width, Color: a.env("NO_COLOR") == "" && !dumb, Live: !dumb}
}
