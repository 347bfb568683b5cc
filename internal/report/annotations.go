package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Annotations writes all that is wrong with some files as workflow commands, which GitHub Actions shows beside the lines of
// a change. Place says where the file of that name is in its repository; empty where it is in none.
//
// https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
func Annotations(out io.Writer, files []WrongFile, place func(name string) string) error {
	var b strings.Builder
	for _, p := range problemsOf(files) {
		var properties []string
		message := p.Message
		if path := place(p.File); path == "" {
			message = p.Error()
		} else {
			properties = append(properties, "file="+annotationProperty(path))
			if p.Line > 0 {
				from, to := p.span(utf8.RuneCountInString)
				properties = append(properties, fmt.Sprintf("line=%d,endLine=%[1]d,col=%d,endColumn=%d", p.Line, from, to))
			}
		}
		properties = append(properties, "title="+annotationProperty("greenlight: "+string(p.Rule)))
		fmt.Fprintf(&b, "::error %s::%s\n", strings.Join(properties, ","), annotationData.Replace(message))
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("writing the annotations: %w", err)
	}
	return nil
}

// annotationData escapes a message, as the runner reads it back.
//
// https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
var annotationData = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")

// annotationProperty escapes the value of a property.
func annotationProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(annotationData.Replace(s))
}

// problem is one problem as programs are told of it.
type problem struct{ strictyaml.Problem }

// WrongFile is a file with all that is wrong with it, or with what it includes.
type WrongFile struct {
	// Name is what positions call the file.
	Name string
	// Err is strictyaml.Problems, or why the file couldn't be read.
	Err error
}

// problemsOf gives what is wrong. An error that isn't of a file's contents is one problem, without a line.
func problemsOf(files []WrongFile) []problem {
	var all []problem
	for _, file := range files {
		var wrong strictyaml.Problems
		if !errors.As(file.Err, &wrong) {
			wrong = strictyaml.Problems{{Rule: ruleFile, Message: strictyaml.OneLine(file.Err.Error())}}
		}
		for _, p := range wrong {
			if p.File == "" {
				p.File = file.Name
			}
			all = append(all, problem{p})
		}
	}
	return all
}

// ruleFile is of problems that aren't in a file: that it can't be read.
const ruleFile strictyaml.Rule = "file"

// span gives the columns at which the problem begins and before which it ends, from 1 on, as length counts what stands
// before them.
func (p problem) span(length func(string) int) (from, to int) {
	start := min(p.Column-1, len(p.Source))
	end := min(start+max(p.Width, 1), len(p.Source))
	from = length(p.Source[:start]) + 1
	return from, max(length(p.Source[:end])+1, from+1)
}
